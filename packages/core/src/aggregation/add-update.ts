import { EspalierError } from '../errors.js';

/**
 * The model's packed values after a round: what was sent plus the aggregated difference, rounded to float32 once.
 * @throws EspalierError `wrong_length`.
 */
export function addUpdate(values: Float32Array, update: Float64Array): Float32Array {
  if (values.length !== update.length) {
    throw new EspalierError(
      'wrong_length',
      `an update of ${update.length} values for a model of ${values.length}`,
    );
  }
  return values.map((value, i) => value + update[i]!);
}
