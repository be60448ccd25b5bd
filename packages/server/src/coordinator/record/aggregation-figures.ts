import type { AcceptedAnswer } from '@espalier/core/protocol';
import type { AggregationFigures, OutlierFigures } from '@espalier/core/report';
import type { ClosedRound } from '@espalier/core/round';
import type { LogFacts } from '../../platform/log.js';

/** Converts the observations of a round's aggregation, naming clients instead of positions. */
export function aggregationFigures(
  { kept, clipped, outliers }: ClosedRound['seen'],
  answers: readonly AcceptedAnswer[],
  seconds: number,
): AggregationFigures {
  const clientAt = (at: number): number => answers[at]?.partitionIndex ?? -1;
  const saved = new Set(kept);
  return {
    clipped: clipped.map(clientAt),
    leftOut: [...answers.keys()].filter((at) => !saved.has(at)).map(clientAt),
    outliers: outliers.map(({ at, ...outlier }) => ({ client: clientAt(at), ...outlier })),
    seconds,
  };
}

/** The same for the log: a sentence per outlier, which names the client. */
export function aggregationNotes(
  round: number,
  { outliers }: AggregationFigures,
): readonly { readonly message: string; readonly facts: LogFacts }[] {
  return outliers.map((outlier) => ({
    message: `round ${round + 1}: the update of part ${outlier.client + 1} is an outlier: ${seen(outlier)}`,
    facts: { round, ...outlier },
  }));
}

function seen({ reason, value, usual }: OutlierFigures): string {
  const [own, median] = [value.toPrecision(3), usual.toPrecision(3)];
  return reason === 'norm'
    ? `its norm is ${own}, the median ${median}`
    : `its direction agrees with the others to ${own} (cosine), the median to ${median}`;
}
