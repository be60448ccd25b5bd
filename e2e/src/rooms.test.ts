import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { circles } from './support/rooms/circles.js';
import { fileImports } from './support/rooms/imports.js';
import { roomCircles, roomOf } from './support/rooms/rooms.js';

const ROOT = join(__dirname, '../..');
const packages = [...readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`), 'proto'];

const rooms = (imports: Readonly<Record<string, readonly string[]>>): readonly string[] =>
  roomCircles(new Map(Object.entries(imports)));

describe('the check of rooms', () => {
  it.each([
    ['index.ts', null],
    ['errors.ts', 'errors.ts'],
    ['mask/mask.ts', 'mask'],
    ['graph/zoo/vgg.ts', 'graph'],
    ['coordinator/options.ts', 'coordinator'],
    ['coordinator/model/run-model.ts', 'coordinator/model'],
  ])('%s belongs to %p', (file, room) => {
    expect(roomOf(file)).toBe(room);
  });

  it('names the imports of a circle', () => {
    expect(
      rooms({ 'a/x.ts': ['b/y.ts'], 'b/y.ts': ['c/z.ts'], 'c/z.ts': ['a/w.ts'], 'd/v.ts': ['a/x.ts'] }),
    ).toEqual([
      'a → b (a/x.ts imports b/y.ts); b → c (b/y.ts imports c/z.ts); c → a (c/z.ts imports a/w.ts)',
    ]);
  });

  it('finds nothing where all arrows lead down, and leaves arrows inside a room out', () => {
    expect(rooms({ 'a/x.ts': ['a/y.ts', 'b/z.ts'], 'a/y.ts': ['a/x.ts'], 'b/z.ts': ['c/w.ts'] })).toEqual([]);
  });

  it('counts imports of types', () => {
    const imports = fileImports(join(ROOT, 'packages/core/src'));
    expect(imports.get('job/job.ts')).toContain('data/batches.ts');
  });
});

describe.each(packages)('%s', (name) => {
  const imports = fileImports(join(ROOT, name, 'src'));

  it('has rooms that do not reach one another in a circle', () => {
    expect(roomCircles(imports)).toEqual([]);
  });

  it('has files that do not reach one another in a circle', () => {
    expect(circles(imports).map((circle) => circle.join(' → '))).toEqual([]);
  });
});
