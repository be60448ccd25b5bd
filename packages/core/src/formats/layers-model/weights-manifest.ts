import { sizeOf } from '../../graph/shapes.js';
import { GRAPH_LIMITS } from '../../graph/check-graph.js';
import { isObject, listAt, malformed, objectAt, shown, textAt } from './json.js';

/** Storage of a tensor's numbers in fewer bits than its type has. */
export interface WeightQuantization {
  readonly dtype: 'uint8' | 'uint16' | 'float16';
  /** Value = stored × scale + min; 1 and 0 for float16. */
  readonly scale: number;
  readonly min: number;
}

/** One tensor of a weights file. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: WeightQuantization;
}

/** Tensors stored one after the other in files that are to be joined. */
export interface WeightsGroup {
  readonly paths: readonly string[];
  readonly weights: readonly WeightSpec[];
}

const BYTES_PER_VALUE: ReadonlyMap<string, number> = new Map([
  ['float32', 4],
  ['float16', 2],
  ['int32', 4],
  ['uint16', 2],
  ['uint8', 1],
  ['bool', 1],
  ['complex64', 8],
]);

/**
 * The `weightsManifest` of a `model.json`: which files hold which tensors.
 * @throws EspalierError `malformed_message` saying what is missing or wrong.
 */
export function readWeightsManifest(modelJson: unknown): readonly WeightsGroup[] {
  const { weightsManifest } = objectAt(modelJson, 'model.json');
  return listAt(weightsManifest, 'weightsManifest').map((group, i) => {
    const what = `weightsManifest[${String(i)}]`;
    const { paths, weights } = objectAt(group, what);
    return {
      paths: listAt(paths, `${what}.paths`).map((path) => textAt(path, `a path of ${what}`)),
      weights: listAt(weights, `${what}.weights`).map(readSpec),
    };
  });
}

/** Bytes that a tensor takes in its file. @throws EspalierError `malformed_message` for a type without a fixed size. */
export function storedBytes({ name, shape, dtype, quantization }: WeightSpec): number {
  const perValue = BYTES_PER_VALUE.get(quantization?.dtype ?? dtype);
  if (perValue === undefined) throw malformed(`weight ${name} has type ${dtype}, which cannot be read`);
  return sizeOf(shape) * perValue;
}

/** Bytes that all files of a group take together. @throws EspalierError `malformed_message` as {@link storedBytes}. */
export function groupBytes({ weights }: WeightsGroup): number {
  return weights.reduce((sum, spec) => sum + storedBytes(spec), 0);
}

function readSpec(value: unknown): WeightSpec {
  const spec = objectAt(value, 'an entry of the weights manifest');
  const name = textAt(spec.name, 'the name of a weight');
  const shape = listAt(spec.shape, `the shape of weight ${name}`).map((extent) => {
    if (typeof extent === 'number' && Number.isSafeInteger(extent) && extent >= 0) return extent;
    throw malformed(`weight ${name} has shape ${shown(spec.shape)}`);
  });
  if (sizeOf(shape) > GRAPH_LIMITS.weights)
    throw malformed(`weight ${name} has shape ${shown(shape)}, which is too large`);
  const dtype = textAt(spec.dtype, `the type of weight ${name}`);
  if (spec.quantization === undefined) return { name, shape, dtype };
  return { name, shape, dtype, quantization: readQuantization(name, spec.quantization) };
}

function readQuantization(name: string, value: unknown): WeightQuantization {
  const { dtype, scale, min } = isObject(value) ? value : {};
  if (dtype === 'float16') return { dtype, scale: 1, min: 0 };
  const linear = dtype === 'uint8' || dtype === 'uint16';
  if (linear && typeof scale === 'number' && typeof min === 'number') return { dtype, scale, min };
  throw malformed(
    `weight ${name} is quantised as ${shown(value)}; expected uint8 or uint16 with scale and min, or float16`,
  );
}
