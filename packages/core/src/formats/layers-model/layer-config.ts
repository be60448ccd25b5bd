import type { Padding, Size2 } from '../../graph/model-graph.js';
import { isList, isObject, shown, type JsonObject } from './json.js';
import { UnsupportedLayer } from './unsupported.js';

/** Activations that the graph has, or may leave away at its end. */
export type KerasActivation = 'linear' | 'relu' | 'relu6' | 'softmax';

/** The whole number of at least 1 of that key. @throws UnsupportedLayer */
export function countOf(config: JsonObject, key: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw new UnsupportedLayer(`${key} ${shown(value)}`);
}

/** Height and width, given as one number or two. @throws UnsupportedLayer */
export function sizeOf2(config: JsonObject, key: string, fallback: number | Size2): Size2 {
  const value = config[key] ?? fallback;
  const [height, width] = isList(value) ? value : [value, value];
  if (isWhole(height) && isWhole(width) && height >= 1 && width >= 1) return [height, width];
  throw new UnsupportedLayer(`${key} ${shown(value)}`);
}

/** True, false, or the fallback where the key is missing. @throws UnsupportedLayer */
export function flagOf(config: JsonObject, key: string, fallback: boolean): boolean {
  const value = config[key] ?? fallback;
  if (typeof value === 'boolean') return value;
  throw new UnsupportedLayer(`${key} ${shown(value)}`);
}

/** `same` or `valid`. @throws UnsupportedLayer */
export function paddingOf(config: JsonObject): Exclude<Padding, object> {
  const value = config.padding ?? 'valid';
  if (value === 'same' || value === 'valid') return value;
  throw new UnsupportedLayer(`padding ${shown(value)}`);
}

/** Refuses channels first and dilation, which the graph does not have. @throws UnsupportedLayer */
export function checkLayout(config: JsonObject): void {
  const format = config.data_format ?? 'channels_last';
  if (format !== 'channels_last') throw new UnsupportedLayer(`data_format ${shown(format)}`);
  const dilation = config.dilation_rate ?? 1;
  const rates = isList(dilation) ? dilation : [dilation];
  if (rates.some((rate) => rate !== 1)) throw new UnsupportedLayer(`dilation_rate ${shown(dilation)}`);
}

/** The activation of a layer, by name or as Keras 3 writes functions. @throws UnsupportedLayer */
export function activationOf(config: JsonObject): KerasActivation {
  const value = config.activation ?? 'linear';
  const name = isObject(value) ? (value.config ?? value.class_name) : value;
  if (name === 'linear' || name === 'relu' || name === 'relu6' || name === 'softmax') return name;
  throw new UnsupportedLayer(`activation ${shown(isObject(name) ? value : name)}`);
}

/** True for a whole number. */
export function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value);
}
