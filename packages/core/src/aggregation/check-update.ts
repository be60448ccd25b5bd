import { EspalierError } from '../errors.js';
import type { UpdateSource, WeightedUpdate } from './aggregator.js';

/** Reads an update of a source. @throws EspalierError `wrong_length`; `invalid_argument` for an impossible weight. */
export async function readUpdate({ length, updates }: UpdateSource, at: number): Promise<WeightedUpdate> {
  const update = await updates[at]!();
  const { values, weight, held } = update;
  if (values.length !== length) {
    throw new EspalierError('wrong_length', `got ${values.length} values, expected ${length}`, {
      got: values.length,
      expected: length,
    });
  }
  if (!(weight > 0 && weight < Infinity)) {
    throw new EspalierError('invalid_argument', `weight ${weight} is not above 0 and finite`);
  }
  if (held !== undefined && held.length !== length) {
    throw new EspalierError('wrong_length', `got ${held.length} marks of what was held, expected ${length}`);
  }
  return update;
}

/** @throws EspalierError `invalid_argument` when there are none. */
export function requireUpdates({ updates }: UpdateSource): void {
  if (updates.length === 0) throw new EspalierError('invalid_argument', 'there is no update to aggregate');
}

/** @throws EspalierError `not_finite`. */
export function requireFinite(value: number, index: number): void {
  if (Number.isFinite(value)) return;
  throw new EspalierError('not_finite', `updates give ${value} at value ${index}`, { index });
}

/** Positions 0 to count − 1: every update counts. */
export function everyUpdate(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** An option's value; the registry's declaration guarantees it. @throws EspalierError `invalid_argument` without one. */
export function optionOf(options: Readonly<Record<string, number>>, name: string): number {
  const value = options[name];
  if (value !== undefined && Number.isFinite(value)) return value;
  throw new EspalierError('invalid_argument', `option ${name} is ${String(value)}, expected a number`);
}
