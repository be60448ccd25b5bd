import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { parameterSpecs, type ParamSpec } from '../graph/parameters.js';
import type { Mask } from '../mask/mask.js';
import type { ParamTree } from '../params/model-state.js';
import {
  filterScales,
  levelTable,
  nearestLevel,
  quantizerNamed,
  type LevelTable,
} from '../quantization/index.js';
import { fromFloat16, toFloat16 } from './float16.js';

/**
 * Coding of values. `levels`: for each kernel a float32 scale per filter, then `bits` bits per active weight,
 * packed from the lowest: the sign and the position among the quantizer's levels; biases and norms stay
 * float32.
 */
export type ValueCoding =
  | { readonly kind: 'float32' }
  | { readonly kind: 'float16' }
  | { readonly kind: 'levels'; readonly quantizer: string; readonly bits: number };

/**
 * Active weights and always-dense parameters in canonical order. A kernel that was rounded to those levels loses
 * nothing.
 * @throws EspalierError `invalid_argument` for an unknown quantizer or bits out of range; `not_finite` for a value that
 * float16 cannot hold.
 */
export function encodeValues(
  graph: ModelGraph,
  mask: Mask | null,
  params: ParamTree,
  coding: ValueCoding,
): Uint8Array {
  const parts = parameterSpecs(graph).map((spec) => {
    const values = params.get(spec.name) ?? new Float32Array(spec.size);
    const active = activeOf(spec, mask);
    if (coding.kind === 'levels' && spec.role === 'kernel')
      return encodeLevels(spec, values, { active, ...tableOf(coding) });
    const chosen = active ? Float32Array.from(active, (index) => values[index]!) : values;
    return coding.kind === 'float16' ? halves(chosen, spec.name) : floats(chosen);
  });
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * The inverse of {@link encodeValues}; inactive weights are 0.
 * @throws EspalierError `wrong_length`, `not_finite`, `invalid_argument`; nothing else for any bytes.
 */
export function decodeValues(
  graph: ModelGraph,
  mask: Mask | null,
  bytes: Uint8Array,
  coding: ValueCoding,
): ParamTree {
  const specs = parameterSpecs(graph);
  const expected = specs.reduce((sum, spec) => sum + storedBytes(spec, activeOf(spec, mask), coding), 0);
  if (bytes.length !== expected) {
    throw new EspalierError('wrong_length', `got ${bytes.length} bytes of values, expected ${expected}`, {
      got: bytes.length,
      expected,
    });
  }
  let at = 0;
  return new Map(
    specs.map((spec) => {
      const active = activeOf(spec, mask);
      const part = bytes.subarray(at, (at += storedBytes(spec, active, coding)));
      const values =
        coding.kind === 'levels' && spec.role === 'kernel'
          ? decodeLevels(spec, part, { active, ...tableOf(coding) })
          : plain(spec, part, active, coding);
      return [spec.name, finite(values, spec.name)];
    }),
  );
}

interface Levels {
  readonly table: LevelTable;
  readonly bits: number;
  readonly active: Uint32Array | null;
}

function tableOf({
  quantizer,
  bits,
}: {
  readonly quantizer: string;
  readonly bits: number;
}): Omit<Levels, 'active'> {
  return { table: levelTable(quantizerNamed(quantizer), bits), bits };
}

function activeOf({ name, maskable }: ParamSpec, mask: Mask | null): Uint32Array | null {
  return maskable ? (mask?.layer(name)?.active ?? null) : null;
}

function storedBytes(
  { size, role, shape }: ParamSpec,
  active: Uint32Array | null,
  coding: ValueCoding,
): number {
  const count = active?.length ?? size;
  if (coding.kind === 'levels' && role === 'kernel')
    return 4 * (shape.at(-1) ?? 0) + Math.ceil((count * coding.bits) / 8);
  return count * (coding.kind === 'float16' ? 2 : 4);
}

function encodeLevels(
  { shape, size }: ParamSpec,
  values: Float32Array,
  { table, bits, active }: Levels,
): Uint8Array {
  const filters = shape.at(-1) ?? 1;
  const scales = exactScales(values, filters, table);
  const count = active?.length ?? size;
  const bytes = new Uint8Array(4 * filters + Math.ceil((count * bits) / 8));
  bytes.set(floats(scales));
  const packed = bytes.subarray(4 * filters);
  for (let i = 0; i < count; i++) {
    const index = active ? active[i]! : i;
    const value = values[index]!;
    const scale = scales[index % filters]!;
    const level = scale === 0 ? 0 : nearestLevel(table, Math.abs(value) / scale);
    const code = level * 2 + (value < 0 && level > 0 ? 1 : 0);
    for (let b = 0; b < bits; b++)
      if ((code >>> b) & 1) packed[(i * bits + b) >>> 3]! |= 1 << ((i * bits + b) & 7);
  }
  return bytes;
}

function decodeLevels(
  { name, shape, size }: ParamSpec,
  bytes: Uint8Array,
  { table, bits, active }: Levels,
): Float32Array {
  const filters = shape.at(-1) ?? 1;
  const scales = readFloats(bytes.subarray(0, 4 * filters));
  const packed = bytes.subarray(4 * filters);
  const values = new Float32Array(size);
  for (let i = 0; i < (active?.length ?? size); i++) {
    const index = active ? active[i]! : i;
    let code = 0;
    for (let b = 0; b < bits; b++)
      code |= ((packed[(i * bits + b) >>> 3]! >>> ((i * bits + b) & 7)) & 1) << b;
    const level = table.levels[code >>> 1];
    if (level === undefined)
      throw new EspalierError(
        'wrong_length',
        `value ${i} of ${name} has level ${code >>> 1} of ${table.levels.length}`,
      );
    values[index] = (code & 1 ? -1 : 1) * level * scales[index % filters]!;
  }
  return values;
}

/** The scale with which every filter was rounded, if it was; otherwise the best one. */
function exactScales(values: Float32Array, filters: number, table: LevelTable): Float32Array {
  let best: Float32Array | null = null;
  return Float32Array.from({ length: filters }, (_, f) => {
    let largest = 0;
    for (let i = f; i < values.length; i += filters) largest = Math.max(largest, Math.abs(values[i]!));
    for (let k = table.levels.length - 1; k > 0 && largest > 0; k--) {
      const scale = Math.fround(largest / table.levels[k]!);
      if (isRounded(values, { first: f, step: filters, scale, table })) return scale;
    }
    return (best ??= filterScales(values, filters, table))[f]!;
  });
}

interface RoundedCheck {
  readonly first: number;
  readonly step: number;
  readonly scale: number;
  readonly table: LevelTable;
}

function isRounded(values: Float32Array, { first, step, scale, table }: RoundedCheck): boolean {
  for (let i = first; i < values.length; i += step) {
    const share = Math.abs(values[i]!) / scale;
    if (Math.abs(table.levels[nearestLevel(table, share)]! - share) > 1e-6) return false;
  }
  return true;
}

function plain(
  { size }: ParamSpec,
  bytes: Uint8Array,
  active: Uint32Array | null,
  { kind }: ValueCoding,
): Float32Array {
  const stored = kind === 'float16' ? readHalves(bytes) : readFloats(bytes);
  if (active === null) return stored;
  const values = new Float32Array(size);
  active.forEach((index, i) => (values[index] = stored[i]!));
  return values;
}

function finite(values: Float32Array, name: string): Float32Array {
  if (values.every(Number.isFinite)) return values;
  throw new EspalierError('not_finite', `${name} holds a value that is not finite`, { name });
}

function floats(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setFloat32(i * 4, value, true);
  });
  return bytes;
}

function readFloats(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}

function halves(values: Float32Array, name: string): Uint8Array {
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    if (Math.abs(value) > 65504)
      throw new EspalierError('not_finite', `${name} holds ${value}, which float16 cannot; use float32`, {
        name,
      });
    view.setUint16(i * 2, toFloat16(value), true);
  });
  return bytes;
}

function readHalves(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => fromFloat16(view.getUint16(i * 2, true)));
}
