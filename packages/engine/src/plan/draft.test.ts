import { describe, expect, it } from '@jest/globals';
import { OPS } from '../gen/ops.js';
import { LinearMemory } from '../wasm/linear-memory.js';
import { NO_VIEW, type DraftBuffer } from '../ops/arguments.js';
import { Draft, recordBytes, writeRecords } from './draft.js';
import { startOf } from './emission.js';

const SIZE = { channels: 2, height: 3, width: 4, posBytes: 16 };

function written(draft: Draft): { integers: Int32Array; floats: Float32Array } {
  const memory = new LinearMemory();
  writeRecords(draft, memory, 256, 4096);
  const words = recordBytes(draft) / 4;
  return { integers: memory.i32(256, words), floats: memory.f32(256, words) };
}

function joinInto(draft: Draft, z: DraftBuffer, x: DraftBuffer): void {
  draft.op('join', {
    z: { ...NO_VIEW, at: startOf(z) },
    x0: { ...NO_VIEW, at: startOf(x) },
    norm0: 0,
    x1: NO_VIEW,
    norm1: 0,
    size: SIZE,
    activation: 1,
    deferred: 0,
  });
}

describe('a draft', () => {
  it('writes an op as its number and its words, views and extents taken apart', () => {
    const draft = new Draft();
    const [dst, src] = [draft.buffer(64), draft.buffer(64)];
    dst.offset = 128;
    draft.op('copy', {
      dst: { at: { buffer: dst, bytes: 8 }, row: 80, col: 16, plane: 320, gapY: 1, gapX: 1 },
      src: { ...NO_VIEW, at: startOf(src), row: 64, plane: 192 },
      size: SIZE,
      accumulate: 1,
    });

    // dst: address, row, plane; src likewise; then channels, height, width, bytes of a position; then accumulate.
    expect([...written(draft).integers.slice(0, 12)]).toEqual([
      OPS.copy.code,
      ...[4096 + 128 + 8, 80, 320],
      ...[4096, 64, 192],
      ...[2, 3, 4, 16],
      1,
    ]);
  });

  it('writes what is a float as one', () => {
    const draft = new Draft();
    const affine = { gamma: 400, beta: 500, epsilon: 0.25 };
    draft.op('normRunning', { norm: 300, affine, running: 600, channels: 7 });
    const { integers, floats } = written(draft);

    expect([...integers.slice(1, 4), floats[4], ...integers.slice(5, 7)]).toEqual([
      300, 400, 500, 0.25, 600, 7,
    ]);
  });

  it('keeps a buffer alive from the first op that names it to the last', () => {
    const draft = new Draft();
    const [a, b] = [draft.buffer(16), draft.buffer(16)];
    draft.op('fill', { ptr: startOf(a), bytes: 16 });
    draft.op('fill', { ptr: startOf(b), bytes: 16 });
    draft.op('fill', { ptr: startOf(a), bytes: 16 });
    draft.pause('kernel', b);

    expect([a, b].map(({ first, last }) => [first, last])).toEqual([
      [0, 2],
      [1, 2],
    ]);
    expect(draft.pauses).toEqual([{ end: 3, label: 'kernel', buffer: b }]);
  });

  it('lets the next op run the join before it, which then needs its inputs as long as that op', () => {
    const draft = new Draft();
    const [x, z, other] = [draft.buffer(16), draft.buffer(16), draft.buffer(16)];
    joinInto(draft, z, x);

    expect(draft.deferJoin(other)).toBe(false);
    expect(x.last).toBe(0);
    expect(draft.deferJoin(z)).toBe(true);
    expect(x.last).toBe(1);
    expect(draft.ops.map(([name, args]) => [name, 'deferred' in args && args.deferred])).toEqual([
      ['join', 1],
    ]);
  });
});
