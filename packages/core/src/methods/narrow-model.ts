import { EspalierError } from '../errors.js';
import { maskableSpecs, parameterSpecs } from '../graph/parameters.js';
import { buildModel } from '../graph/zoo/index.js';
import type { ModelSpec } from '../graph/model-spec.js';
import { keptCount } from '../mask/top-k.js';

/** Input and classes for which a network is built. */
export interface NetworkPurpose {
  readonly imageShape: readonly [number, number, number];
  readonly classes: number;
}

/**
 * The widest network of the same family with no more parameters than the given one keeps at that density: its dense
 * counterpart at equal size.
 * @param density over maskable weights
 * @throws EspalierError `invalid_job` when even the narrowest has more, or the family has no width.
 */
export function narrowModel(
  model: ModelSpec,
  { imageShape, classes }: NetworkPurpose,
  density: number,
): ModelSpec {
  const size = (spec: ModelSpec): number =>
    parameterSpecs(buildModel(spec, imageShape, classes)).reduce((sum, each) => sum + each.size, 0);
  const whole = buildModel(model, imageShape, classes);
  const maskable = maskableSpecs(whole).reduce((sum, each) => sum + each.size, 0);
  const budget = size(model) - maskable + keptCount(density, maskable);
  let width = 0;
  while (width < WIDEST && size({ ...model, width: width + 1 }) <= budget) width++;
  if (width > 0 && width < WIDEST) return { ...model, width };
  throw new EspalierError(
    'invalid_job',
    `there is no ${model.name} of at most ${budget} parameters, as many as it keeps at density ${density}: choose a network with a width, or a higher density`,
    { budget },
  );
}

/** A family whose size does not grow with its width has none. */
const WIDEST = 4096;
