import type { RunReport } from '../coordinator/index.js';

/** Describes an event in a sentence, for the log. */
export function reportSentence(report: RunReport): string {
  switch (report.kind) {
    case 'prepared':
      return `the model is prepared, after ${report.seconds.toFixed(1)} s`;
    case 'selected': {
      const { candidate, losses } = report;
      return `candidate ${candidate + 1} of ${losses.length} is chosen, with a mean loss of ${(losses[candidate] ?? 0).toFixed(3)}`;
    }
    case 'round': {
      const { round, trainLoss, accuracy } = report;
      const judged = accuracy === null ? '' : `, accuracy ${(100 * accuracy).toFixed(1)} %`;
      return `round ${round + 1} is closed: training loss ${trainLoss.toFixed(3)}${judged}`;
    }
  }
}
