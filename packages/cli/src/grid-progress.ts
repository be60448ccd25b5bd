import { cellLabel, type GridEvent } from '@espalier/simulation';
import { SingleBar } from 'cli-progress';
import { percent, type Terminal } from './terminal.js';

/** Shows how far a grid is. */
export interface GridProgress {
  readonly event: (event: GridEvent) => void;
  readonly end: () => void;
}

/** Progress of a grid of that many cells: a bar where a person watches, a line for every cell elsewhere. */
export function gridProgress(terminal: Terminal, cells: number): GridProgress {
  if (!terminal.interactive) {
    return {
      event: (event) => {
        const line = lineOf(event);
        if (line !== null) terminal.note(line);
      },
      end: () => undefined,
    };
  }
  const bar = new SingleBar({
    format: '{bar} {value}/{total} {doing}',
    hideCursor: true,
    stream: process.stderr,
  });
  bar.start(cells, 0, { doing: 'reading the data' });
  return {
    event: (event) => {
      const doing = lineOf(event) ?? roundOf(event);
      if (event.kind === 'finished') bar.update(event.done, { doing });
      else bar.update({ doing });
    },
    end: () => {
      bar.stop();
    },
  };
}

function lineOf(event: GridEvent): string | null {
  switch (event.kind) {
    case 'finished': {
      const { cell, result, done, of, secondsLeft } = event;
      const left = secondsLeft === null || done === of ? '' : `; about ${duration(secondsLeft)} left`;
      return `[${done}/${of}] ${cellLabel(cell)}: ${percent(result.accuracy.final)} in ${duration(result.seconds)}${left}`;
    }
    case 'failed':
      return `${cellLabel(event.cell)} failed: ${event.error.message}`;
    default:
      return null;
  }
}

function roundOf(event: GridEvent): string {
  if (event.kind !== 'report' || event.report.kind !== 'round') return cellLabel(event.cell);
  return `${cellLabel(event.cell)}: round ${event.report.round + 1} of ${event.cell.job.rounds}`;
}

/** 4000 → `1 h 7 min`. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
