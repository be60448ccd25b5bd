import { EspalierError } from '../../errors.js';

/**
 * Thrown by the rule of a layer that cannot become nodes; the message gives the reason, after the layer's
 * name.
 */
export class UnsupportedLayer extends Error {
  override readonly name = 'UnsupportedLayer';
}

/** One layer that cannot be imported, and why. */
export interface LayerProblem {
  readonly layer: string;
  readonly className: string;
  /** Reason, empty if the class alone explains it. */
  readonly reason: string;
}

/** Most layers to name; the sentence gives the total. */
const NAMED = 30;

/** The one error that names every layer that does not fit. */
export function unsupportedError(problems: readonly LayerProblem[], verb: string): EspalierError {
  const named = problems
    .slice(0, NAMED)
    .map(({ layer, className, reason }) => `${layer} (${className}${reason === '' ? '' : `: ${reason}`})`);
  const more = problems.length > NAMED ? `, and ${String(problems.length - NAMED)} more` : '';
  const count = problems.length === 1 ? 'layer' : `${String(problems.length)} layers`;
  return new EspalierError('op_unsupported', `cannot ${verb} ${count}: ${named.join(', ')}${more}`, {
    layers: problems.map(({ layer }) => layer).join(', '),
  });
}
