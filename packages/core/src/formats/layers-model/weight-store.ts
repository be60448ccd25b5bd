import { EspalierError } from '../../errors.js';
import { sizeOf } from '../../graph/shapes.js';
import { malformed, shown } from './json.js';
import { fromLittleEndian } from './little-endian.js';
import { groupBytes, storedBytes, type WeightSpec, type WeightsGroup } from './weights-manifest.js';

/** A model's weight files: by path, or all of them joined in the manifest's order. */
export type LayersModelWeights = Uint8Array | ReadonlyMap<string, Uint8Array>;

/** Location of a tensor's bytes. */
interface StoredWeight {
  readonly spec: WeightSpec;
  readonly bytes: DataView;
}

/** A weight of a layer, by its name and its position among the layer's weights. */
export interface WeightKey {
  readonly layer: string;
  readonly role: string;
  /** Keras 3 files number a layer's weights instead of naming them. */
  readonly position: number;
}

/** The tensors of a model's weight files, decoded when asked for. */
export class WeightStore {
  readonly #byName = new Map<string, StoredWeight>();
  /** By the last two parts of the name, null where two weights share them: some writers put the model's name before. */
  readonly #byTail = new Map<string, StoredWeight | null>();

  /** @throws EspalierError `malformed_message` when bytes are missing or left over. */
  constructor(groups: readonly WeightsGroup[], weights: LayersModelWeights) {
    for (const { spec, bytes } of locate(groups, weights)) {
      const name = plainName(spec.name);
      const tail = name.split('/').slice(-2).join('/');
      this.#byTail.set(tail, this.#byTail.has(tail) ? null : { spec, bytes });
      this.#byName.set(name, { spec, bytes });
    }
  }

  /** The shape a weight has in the file; null when there is none. */
  shapeOf(key: WeightKey): readonly number[] | null {
    return this.#find(key)?.spec.shape ?? null;
  }

  /**
   * A copy of a weight's values.
   * @throws EspalierError `invalid_params` when it is missing or of another shape.
   */
  values(key: WeightKey, shape: readonly number[]): Float32Array {
    const stored = this.#find(key);
    if (stored === null) {
      throw new EspalierError(
        'invalid_params',
        `layer ${key.layer} needs a weight ${key.role} [${String(shape)}], which the weights manifest does not have`,
        { layer: key.layer, role: key.role },
      );
    }
    if (String(stored.spec.shape) !== String(shape)) {
      throw new EspalierError(
        'invalid_params',
        `weight ${stored.spec.name} is [${String(stored.spec.shape)}], but its layer needs [${String(shape)}]`,
        { layer: key.layer, role: key.role },
      );
    }
    return decode(stored);
  }

  #find({ layer, role, position }: WeightKey): StoredWeight | null {
    const names = [`${layer}/${role}`, `${layer}/${String(position)}`];
    for (const name of names) {
      const found = this.#byName.get(name) ?? this.#byTail.get(name);
      if (found) return found;
    }
    return null;
  }
}

/** Without TensorFlow's output number and the folders of Keras 3's files. */
function plainName(name: string): string {
  return name
    .replace(/:\d+$/, '')
    .split('/')
    .filter((part) => part !== 'vars' && part !== '_layer_checkpoint_dependencies' && part !== 'layers')
    .join('/');
}

function locate(groups: readonly WeightsGroup[], weights: LayersModelWeights): readonly StoredWeight[] {
  const needed = groups.map(groupBytes);
  const parts =
    weights instanceof Uint8Array ? splitAt(weights, needed) : groups.map((group) => joined(group, weights));
  return groups.flatMap((group, i) => {
    const bytes = parts[i] ?? new Uint8Array();
    checkLength(group, needed[i] ?? 0, bytes.length);
    return placed(group, bytes);
  });
}

/** The last part takes the rest, so that surplus bytes are noticed. */
function splitAt(bytes: Uint8Array, lengths: readonly number[]): readonly Uint8Array[] {
  let offset = 0;
  return lengths.map((length, i) => {
    const part = bytes.subarray(offset, i === lengths.length - 1 ? bytes.length : offset + length);
    offset += length;
    return part;
  });
}

function joined({ paths }: WeightsGroup, files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const shards = paths.map((path) => {
    const shard = files.get(path);
    if (shard === undefined) throw malformed(`the weights file ${path} of the manifest is missing`);
    return shard;
  });
  if (shards.length === 1 && shards[0] !== undefined) return shards[0];
  const bytes = new Uint8Array(shards.reduce((sum, shard) => sum + shard.length, 0));
  let offset = 0;
  for (const shard of shards) {
    bytes.set(shard, offset);
    offset += shard.length;
  }
  return bytes;
}

function checkLength({ paths }: WeightsGroup, needed: number, got: number): void {
  if (got === needed) return;
  throw malformed(
    `the weights in ${paths.join(', ')} take ${String(needed)} bytes by the manifest, but there are ${String(got)}; fetch the files again`,
  );
}

function placed({ weights }: WeightsGroup, bytes: Uint8Array): readonly StoredWeight[] {
  let offset = bytes.byteOffset;
  return weights.map((spec) => {
    const length = storedBytes(spec);
    const view = new DataView(bytes.buffer, offset, length);
    offset += length;
    return { spec, bytes: view };
  });
}

function decode({ spec, bytes }: StoredWeight): Float32Array {
  const { name, shape, dtype, quantization } = spec;
  const fits = dtype === 'float32' || (dtype === 'float16' && quantization === undefined);
  if (!fits) throw malformed(`weight ${name} has type ${shown(dtype)}, expected float32`);
  const { scale, min } = quantization ?? { scale: 1, min: 0 };
  switch (quantization?.dtype ?? dtype) {
    case 'float32':
      return fromLittleEndian(bytes);
    case 'uint8':
      return decoded(sizeOf(shape), (i) => bytes.getUint8(i) * scale + min);
    case 'uint16':
      return decoded(sizeOf(shape), (i) => bytes.getUint16(2 * i, true) * scale + min);
    default:
      return decoded(sizeOf(shape), (i) => halfToNumber(bytes.getUint16(2 * i, true)));
  }
}

function decoded(size: number, at: (i: number) => number): Float32Array {
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = at(i);
  return values;
}

const WORD = new DataView(new ArrayBuffer(4));

/** IEEE 754 binary16: 1 sign bit, 5 of the exponent (bias 15), 10 of the fraction. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return (sign * fraction) / 2 ** 24;
  WORD.setUint32(0, (exponent === 31 ? 255 : exponent + 112) * 2 ** 23 + fraction * 2 ** 13);
  return sign * WORD.getFloat32(0);
}
