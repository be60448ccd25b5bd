import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toFloat16 } from '../../coding/index.js';
import { buildModel } from '../../graph/zoo/index.js';
import { smallGraphs } from '../../testing/graph-arbitrary.js';
import { unevenState } from '../../testing/network-arbitrary.js';
import { exportSafetensors, importSafetensors } from './safetensors.js';

const graph = buildModel({ name: 'cnn-small', width: 2 }, [8, 8, 3], 2);
const state = unevenState(graph, 1);
const file = exportSafetensors(graph, state, { note: 'größe' });

/** A file with that header and those bytes. */
function made(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

describe('safetensors', () => {
  it('of any graph come back to the bit', () => {
    fc.assert(
      fc.property(smallGraphs(), fc.nat(1000), (drawn, seed) => {
        const numbers = unevenState(drawn, seed);
        expect(importSafetensors(exportSafetensors(drawn, numbers), null)).toMatchObject({
          graph: drawn,
          state: numbers,
        });
      }),
      { seed: 1, numRuns: 100 },
    );
    expect(importSafetensors(file, null).metadata['note']).toBe('größe');
    expect(importSafetensors(file, graph).state).toEqual(state);
  });

  it('have an aligned header, as the format asks', () => {
    const length = new DataView(file.buffer).getUint32(0, true);
    expect(length % 8).toBe(0);
    expect(file[8]).toBe('{'.charCodeAt(0));
  });

  it('are read from float16 and bfloat16 too', () => {
    const dense = {
      name: 'd',
      nodes: [
        { op: 'input', name: 'x', inputs: [], shape: [2] },
        { op: 'dense', name: 'fc', inputs: ['x'], units: 2, useBias: false },
      ],
      output: 'fc',
      blocks: [],
    } as const;
    const halves = Uint16Array.from([1.5, -2, 0.25, 4], toFloat16);
    const brains = Uint16Array.of(0x3fc0, 0xc000, 0x3e80, 0x4080);
    for (const [dtype, values] of [
      ['F16', halves],
      ['BF16', brains],
    ] as const) {
      const bytes = made(
        { 'fc/kernel': { dtype, shape: [2, 2], data_offsets: [0, 8] } },
        new Uint8Array(values.buffer),
      );
      expect([...importSafetensors(bytes, dense).state.params.get('fc/kernel')!]).toEqual([1.5, -2, 0.25, 4]);
    }
  });

  it.each<[string, () => unknown, string]>([
    ['cut short', () => importSafetensors(file.subarray(0, file.length - 1), null), '[malformed_message]'],
    ['of four bytes', () => importSafetensors(file.subarray(0, 4), null), '[malformed_message]'],
    [
      'with a header that is no JSON',
      () => importSafetensors(file.with(8, 0x21), null),
      '[malformed_message]',
    ],
    ['of no known network', () => importSafetensors(made({}), null), 'name one of the zoo'],
    [
      'without a tensor',
      () => importSafetensors(made({}), graph),
      '[invalid_params] the safetensors file has no tensor',
    ],
    [
      'of another network',
      () => importSafetensors(file, buildModel({ name: 'cnn-small', width: 3 }, [8, 8, 3], 2)),
      "the network's is",
    ],
    [
      'of whole numbers',
      () =>
        importSafetensors(
          made({
            [`${graph.nodes[1]!.name}/kernel`]: { dtype: 'I64', shape: [3, 3, 3, 2], data_offsets: [0, 0] },
          }),
          graph,
        ),
      'has data type I64',
    ],
  ])('%s are refused', (_, read, sentence) => {
    expect(read).toThrow(sentence);
  });

  it('give an error of ours, whatever was done to them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }),
        fc.nat(file.length),
        (edits, length) => {
          const bytes = file.slice(0, length);
          for (const [at, byte] of edits) bytes[at] = byte;
          try {
            importSafetensors(bytes, null);
          } catch (error) {
            expect((error as Error).name).toBe('EspalierError');
          }
        },
      ),
      { seed: 2, numRuns: 500 },
    );
  });
});
