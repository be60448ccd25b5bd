import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { ClientMessage, ServerMessage } from '@espalier/core/protocol';
import { FrameAssembler } from '../framing/index.js';
import { clientSamples, serverSamples } from './samples.js';
import { vectorFiles, vectorMeaning, vectors, type VectorKind } from './vectors.js';

/** Typed so that a new kind of message fails the build here until it is listed, and the test until it has a sample. */
const EVERY_KIND: Record<ServerMessage['kind'] | ClientMessage['kind'], true> = {
  challenge: true,
  welcome: true,
  admitted: true,
  refused: true,
  pool: true,
  poolMoments: true,
  measure: true,
  train: true,
  accepted: true,
  finish: true,
  join: true,
  canaryResult: true,
  candidateMoments: true,
  candidateLosses: true,
  update: true,
  measured: true,
  requestMask: true,
  evaluation: true,
  failed: true,
  leave: true,
};

const folder = path.join(__dirname, '..', '..', 'vectors');

const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.bin'))
  .map((name) => name.slice(0, -'.bin'.length))
  .sort();

const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(path.join(folder, `${name}.bin`)));

const meaningOf = (name: string): { kind: VectorKind; meaning: unknown } =>
  JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as {
    kind: VectorKind;
    meaning: unknown;
  };

describe('golden vectors', () => {
  it.each(names)('%s decodes to its meaning', (name) => {
    const { kind, meaning } = meaningOf(name);

    expect(JSON.parse(JSON.stringify(vectorMeaning(kind, bytesOf(name))))).toEqual(meaning);
  });

  it('are what this build encodes, file by file', () => {
    const built = vectorFiles();

    expect(names).toEqual(
      vectors()
        .map(({ name }) => name)
        .sort(),
    );
    for (const { name, bytes } of built) {
      expect({ name, same: readFileSync(path.join(folder, name)).equals(bytes) }).toEqual({
        name,
        same: true,
      });
    }
  });

  it('have every kind of message', () => {
    const sampled = new Set([...serverSamples, ...clientSamples].map(({ message }) => message.kind));

    expect([...sampled].sort()).toEqual(Object.keys(EVERY_KIND).sort());
  });

  it('have the sizes that docs/protocol.md prints', () => {
    const page = readFileSync(path.join(folder, '..', '..', 'docs', 'protocol.md'), 'utf8');
    const rows = [...page.matchAll(/^\| [→←] \| `(.+)` \| (\d+) \|$/gm)].map(([, name = '', size]) => [
      name,
      Number(size),
    ]);

    expect(rows.length).toBeGreaterThan(20);
    expect(rows).toEqual(rows.map(([name]) => [name, bytesOf(String(name)).length]));
  });

  it('have frames that give the challenge', () => {
    const assembler = new FrameAssembler({ maxFrameBytes: 256, maxMessageBytes: 10_000 });
    const frames = names.filter((name) => name.startsWith('frame/'));

    const messages = frames.map((name) => assembler.push(bytesOf(name)));

    expect(messages.slice(0, -1).every((message) => message === null)).toBe(true);
    expect(messages.at(-1)).toEqual(bytesOf('challenge/procedural-dirichlet'));
  });
});
