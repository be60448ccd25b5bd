import { describe, expect, it } from '@jest/globals';
import { idxLength, parseCifar, parseIdx, parseNpy } from '@espalier/client/data-formats';
import { buildModel, initialState, isEspalierError, parsePartitionFile } from '@espalier/core';
import {
  exportLayersModel,
  exportSafetensors,
  importLayersModel,
  importOnnx,
  importSafetensors,
} from '@espalier/core/formats';
import {
  decodeBundle,
  decodeClientMessage,
  decodeOnnx,
  decodeServerMessage,
  wireContext,
} from '@espalier/proto';
import { parseJob } from '@espalier/server';
import { parseFleetProfile, parseGrid } from '@espalier/simulation';
import fc from 'fast-check';

const graph = buildModel({ name: 'cnn-small', width: 2 }, [8, 8, 3], 2);
const state = initialState(graph, 1);
const keras = exportLayersModel(graph, state, null, { softmax: true });
const context = wireContext(graph);

/** A safetensors file with that header and no tensors. */
function safetensors(header: unknown): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text]);
}

const inGraph = (json: unknown): Uint8Array =>
  safetensors({ __metadata__: { 'espalier.graph': JSON.stringify(json) } });

const readers = {
  job: (text: string) => parseJob(text),
  override: (text: string) => parseJob('model: mlp\ndata: { kind: procedural }', { overrides: [text] }),
  grid: (text: string) => parseGrid(text),
  fleet: (text: string) => parseFleetProfile(text),
  partition: (text: string) => parsePartitionFile(text),
  graph: (text: string) => importSafetensors(inGraph(parsed(text)), null),
  header: (text: string) => importSafetensors(safetensors(text), graph),
  keras: (text: string) => importLayersModel(parsed(text), keras.weightData),
};

const bytesReaders = {
  safetensors: (bytes: Uint8Array) => importSafetensors(bytes, graph),
  bundle: decodeBundle,
  onnx: (bytes: Uint8Array) => importOnnx(decodeOnnx(bytes)),
  idx: (bytes: Uint8Array) => [idxLength(bytes, 'x'), parseIdx(bytes, 'x')],
  npy: (bytes: Uint8Array) => parseNpy(bytes, 'x'),
  cifar: (bytes: Uint8Array) => parseCifar(bytes, 'cifar10', 'x'),
  fromServer: (bytes: Uint8Array) => decodeServerMessage(bytes, context),
  fromStranger: (bytes: Uint8Array) => decodeServerMessage(bytes, wireContext(null)),
  fromClient: (bytes: Uint8Array) => decodeClientMessage(bytes, context),
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The code of the error that comes of it; `read` where none does. */
function outcome(read: () => unknown): string {
  try {
    read();
    return 'read';
  } catch (error) {
    if (isEspalierError(error)) return error.code;
    throw error;
  }
}

/** Names that a plain object has an answer for, and values that no sentence can be made of by itself. */
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
const ODD = fc.oneof(
  fc.constantFrom<unknown>(...NAMES, null, {}, [], '', -1, 0.5, 1e308, 2 ** 53, { toString: 1, valueOf: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** The JSON with the value that the path picks replaced, or given a name of {@link NAMES}. */
function changed(json: unknown, [step, ...rest]: readonly number[], value: unknown): unknown {
  if (step === undefined || typeof json !== 'object' || json === null) return value;
  const entries: [string, unknown][] = Object.entries(json);
  const at = step % Math.max(1, entries.length);
  const inside = entries.map(([key, each], i): [string, unknown] => [
    i === at && step % 7 === 0 ? (NAMES[step % NAMES.length] ?? key) : key,
    i === at ? changed(each, rest, value) : each,
  ]);
  return Array.isArray(json) ? inside.map(([, each]) => each) : Object.fromEntries(inside);
}

const TEMPLATES: readonly (readonly [keyof typeof readers, unknown])[] = [
  [
    'job',
    { model: { name: 'mlp' }, data: { kind: 'procedural' }, partition: { kind: 'iid' }, pool: { size: 3 } },
  ],
  [
    'grid',
    {
      job: { model: 'mlp', data: { kind: 'procedural' } },
      methods: [{ name: 'a', set: { method: 'fedavg' } }],
      densities: [1],
      seeds: [1],
    },
  ],
  [
    'fleet',
    {
      kinds: [
        {
          kind: 'a',
          gigaMacsPerSecond: [1, 2],
          memoryMegabytes: [1, 2],
          upMegabitsPerSecond: [1, 2],
          downMegabitsPerSecond: [1, 2],
          latencyMilliseconds: [1, 2],
        },
      ],
    },
  ],
  [
    'partition',
    {
      format: 'espalier-partition',
      version: 1,
      listing: 'a'.repeat(64),
      classes: ['a'],
      server: [],
      counts: [[1]],
      parts: [[0]],
      made: { spec: { kind: 'iid' }, seed: 1 },
    },
  ],
  ['graph', graph],
  ['header', { 'a/kernel': { dtype: 'F32', shape: [1], data_offsets: [0, 0] }, __metadata__: { a: 'b' } }],
  ['keras', keras.modelJson],
];

describe('whatever a file holds', () => {
  it('a reader of texts gives its outcome or an error of ours', () => {
    const path = fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 });
    const change = fc.array(fc.tuple(path, ODD), { minLength: 1, maxLength: 2 });
    for (const [name, template] of TEMPLATES) {
      const codes = new Set([outcome(() => readers[name](JSON.stringify(template)))]);
      fc.assert(
        fc.property(change, (changes) => {
          const json = changes.reduce<unknown>(
            (current, [at, value]) => changed(current, at, value),
            template,
          );
          codes.add(outcome(() => readers[name](JSON.stringify(json))));
        }),
        { seed: 5, numRuns: name === 'job' || name === 'grid' ? 25 : 150 },
      );
      expect([name, codes.size > 1]).toEqual([name, true]);
    }
  });

  it('a reader of bytes does', () => {
    const whole = [exportSafetensors(graph, state, {}), Buffer.from([0, 0, 8, 1, 0, 0, 0, 1, 5])];
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.constantFrom(...whole), fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 9 }))
        .map(([file, edits]) => {
          const copy = Uint8Array.from(file);
          for (const [at, byte] of edits) copy[at % copy.length] = byte;
          return copy;
        }),
    );
    fc.assert(
      fc.property(bytes, (some) => {
        for (const read of Object.values(bytesReaders)) outcome(() => read(some));
      }),
      { seed: 6, numRuns: 150 },
    );
  });
});

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

const bomb = `a: &a [${'x,'.repeat(50)}]\n${lines(8, (i) => `${'bcdefghi'[i]!}: &${'bcdefghi'[i]!} [${`*${'abcdefgh'[i]!},`.repeat(50)}]`)}`;

/** Models that call a model twice that calls a model twice … */
function twice(depth: number): unknown {
  const layers: unknown[] = [{ class_name: 'InputLayer', name: 'x', config: {}, inbound_nodes: [] }];
  const nodes = [[[['x', 0, 0, {}]]], [[['x', 0, 0, {}]]], [[['x', 0, 0, {}]]]].flat();
  const inner = depth === 0 ? { class_name: 'Flatten', config: {} } : (twice(depth - 1) as object);
  layers.push({ ...inner, name: 'm', inbound_nodes: nodes });
  const config = { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [['m', 0, 0]] };
  return { class_name: 'Functional', name: 'm', config };
}

const fields = (tag: number, count: number): Uint8Array => {
  const bytes = new Uint8Array(2 * count);
  for (let i = 0; i < count; i++) bytes[2 * i] = tag;
  return bytes;
};
/** Nodes of a graph that hold nothing: 20 MB of them. */
const emptyNodes = Buffer.concat([Buffer.from([0x3a, 0x80, 0xda, 0xc4, 0x09]), fields(0x0a, 10_000_000)]);

describe('a file made to take long', () => {
  it.each<[string, string, () => unknown]>([
    ['a job of 200,000 unknown keys', 'invalid_job', () => readers.job(lines(200_000, (i) => `k${i}: 1`))],
    ['one within the bound', 'invalid_job', () => readers.job(lines(20_000, (i) => `k${i}: 1`))],
    ['a key of a million letters', 'invalid_job', () => readers.job(`? ${'k'.repeat(1_000_000)}\n: 1`)],
    ['lists within lists', 'invalid_job', () => readers.job(`model: ${'['.repeat(100_000)}`)],
    ['maps within maps', 'invalid_job', () => readers.job(`model: ${'{a: '.repeat(50_000)}`)],
    ['deep lines', 'invalid_job', () => readers.job(lines(1000, (i) => `${' '.repeat(i)}a:`))],
    ['an alias bomb', 'invalid_job', () => readers.job(bomb)],
    ['an alias bomb in an override', 'invalid_job', () => readers.override(`pool=${bomb}`)],
    ['an alias bomb in a grid', 'invalid_job', () => readers.grid(bomb)],
    ['an alias bomb in a fleet', 'invalid_argument', () => readers.fleet(bomb)],
    [
      'a million runs',
      'invalid_job',
      () =>
        readers.grid(
          `job: {}\nmethods: [{ name: a }]\ndensities: [1]\nseeds: [${lines(100_000, (i) => `${i},`)}]`,
        ),
    ],
    ['an override into constructor', 'invalid_job', () => readers.override('seed.constructor=1')],
    [
      'a million tensors',
      'malformed_message',
      () =>
        readers.header(
          `{${lines(1_000_000, (i) => `"t${i}":{"dtype":"F32","shape":[1],"data_offsets":[0,0]}${i < 999_999 ? ',' : ''}`)}}`,
        ),
    ],
    ['10,000,000 empty nodes', 'malformed_message', () => bytesReaders.onnx(emptyNodes)],
    [
      '10,000,000 fields of a message',
      'malformed_message',
      () => bytesReaders.fromClient(fields(0x0a, 10_000_000)),
    ],
    [
      'models called thrice, 16 deep',
      'malformed_message',
      () => readers.keras(JSON.stringify({ modelTopology: twice(15), weightsManifest: [] })),
    ],
    [
      'a config nested deeply',
      'op_unsupported',
      () =>
        readers.keras(
          JSON.stringify({
            modelTopology: {
              class_name: 'Sequential',
              config: {
                layers: [{ class_name: 'Dense', config: { name: 'd', batch_shape: [null, 2], units: '@' } }],
              },
            },
            weightsManifest: [],
          }).replace('"@"', '['.repeat(500_000) + ']'.repeat(500_000)),
        ),
    ],
  ])('%s: %s within 5 s', (_, code, read) => {
    const start = performance.now();
    expect(outcome(read)).toBe(code);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
