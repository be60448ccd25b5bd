import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EspalierError } from '../../errors.js';
import { inferShapes } from '../../graph/shapes.js';
import { buildModel } from '../../graph/zoo/index.js';
import { initialState } from '../../params/initialize.js';
import { exportLayersModel } from './export-layers-model.js';
import { importLayersModel } from './import-layers-model.js';

const ODD: readonly unknown[] = [
  null,
  true,
  '',
  'same',
  0,
  -1,
  1,
  2,
  3,
  0.5,
  7,
  1e9,
  2 ** 53,
  [],
  {},
  [1, 1],
  [[0, 1]],
  'Flatten',
  'ReLU',
  'Sequential',
  '#',
];

/** The JSON with the leaf or branch that `path` picks replaced; `undefined` removes it. */
function tampered(json: unknown, path: readonly number[], replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof json !== 'object' || json === null) return replacement;
  const keys = Object.keys(json);
  const key = keys[step % Math.max(1, keys.length)];
  if (key === undefined) return replacement;
  const entries = Object.entries(json).map(([name, value]): [string, unknown] =>
    name === key ? [name, tampered(value, rest, replacement)] : [name, value],
  );
  return Array.isArray(json) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

describe('a model file changed anywhere', () => {
  it('is read to a graph that holds together, or refused with an EspalierError', () => {
    const files = ['squeezenet', 'mobilenet', 'resnet20'].map((name) => {
      const graph = buildModel({ name, width: 1 }, [8, 8, 1], 2);
      return exportLayersModel(graph, initialState(graph, 1), null, { softmax: true });
    });
    const reasons = new Set<string>();
    const path = fc.array(fc.nat(400), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(fc.tuple(path, fc.constantFrom(...ODD)), { minLength: 1, maxLength: 3 }),
        (file, changes) => {
          const json = changes.reduce<unknown>(
            (current, [at, value]) => tampered(current, at, value),
            file.modelJson,
          );
          try {
            inferShapes(importLayersModel(json, file.weightData).graph);
            reasons.add('read');
          } catch (error) {
            expect(error).toBeInstanceOf(EspalierError);
            if (error instanceof EspalierError) reasons.add(error.code);
          }
        },
      ),
      { seed: 21, numRuns: 300 },
    );
    expect([...reasons]).toEqual(
      expect.arrayContaining(['read', 'malformed_message', 'op_unsupported', 'invalid_params']),
    );
  });

  it('is refused where sizes would exhaust the machine', () => {
    const layers = [
      { class_name: 'InputLayer', config: { name: 'x', batch_shape: [null, 60_000, 60_000, 60_000] } },
      { class_name: 'Flatten', config: { name: 'f' } },
      { class_name: 'BatchNormalization', config: { name: 'b', scale: false, center: false } },
    ];
    const modelTopology = { class_name: 'Sequential', config: { name: 'm', layers } };
    expect(() => importLayersModel({ modelTopology, weightsManifest: [] }, new Uint8Array())).toThrow(
      EspalierError,
    );
  });
});
