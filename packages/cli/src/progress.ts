import { SingleBar } from 'cli-progress';
import type { RunReport } from '@espalier/server/coordinator';
import { percent, type Terminal } from './terminal.js';

/** Shows a run's rounds: a bar where a person watches, plain lines elsewhere. */
export interface RunProgress {
  readonly report: (report: RunReport) => void;
  readonly end: () => void;
}

/** Progress of a run of that many rounds. */
export function runProgress(terminal: Terminal, label: string, rounds: number): RunProgress {
  return terminal.interactive ? barProgress(label, rounds) : lineProgress(terminal, label, rounds);
}

function lineProgress(terminal: Terminal, label: string, rounds: number): RunProgress {
  return {
    report: (report) => {
      terminal.note(`${label}: ${sentence(report, rounds)}`);
    },
    end: () => undefined,
  };
}

function barProgress(label: string, rounds: number): RunProgress {
  const bar = new SingleBar({
    format: `${label} {bar} {value}/{total} {doing}`,
    hideCursor: true,
    stream: process.stderr,
  });
  bar.start(rounds, 0, { doing: 'preparing' });
  return {
    report: (report) => {
      const done = report.kind === 'round' ? report.round + 1 : 0;
      bar.update(done, { doing: sentence(report, rounds) });
    },
    end: () => {
      bar.stop();
    },
  };
}

function sentence(report: RunReport, rounds: number): string {
  switch (report.kind) {
    case 'prepared':
      return `model prepared in ${report.seconds.toFixed(1)} s`;
    case 'selected': {
      const best = report.losses[report.candidate]?.toFixed(3) ?? '?';
      return `candidate ${report.candidate + 1} of ${report.losses.length} chosen (loss ${best})`;
    }
    case 'round': {
      const accuracy = report.accuracy === null ? '' : `, accuracy ${percent(report.accuracy)}`;
      return `round ${report.round + 1} of ${rounds}: training loss ${report.trainLoss.toFixed(3)}${accuracy}`;
    }
  }
}
