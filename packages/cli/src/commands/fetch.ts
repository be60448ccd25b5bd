import { SingleBar } from 'cli-progress';
import { archiveNamed, fetchArchive } from '@espalier/client-node';
import { bytes, type OutputFormat, type Terminal } from '../terminal.js';

/** Flags of `espalier fetch`. */
export interface FetchFlags {
  readonly to: string;
  readonly mirror?: string;
  readonly format: OutputFormat;
}

/** Downloads a public data set, checks it, and says which job section uses it. */
export async function fetchData(name: string, flags: FetchFlags, terminal: Terminal): Promise<void> {
  const archive = archiveNamed(name);
  const progress = terminal.interactive ? barProgress() : lineProgress(terminal);
  try {
    const files = await fetchArchive(archive, {
      to: flags.to,
      mirror: flags.mirror ?? null,
      onProgress: progress.report,
    });
    progress.end();
    const [size, , channels] = archive.imageShape;
    if (flags.format === 'json') {
      terminal.out(JSON.stringify({ name, kind: archive.kind, imageShape: archive.imageShape, files }));
      return;
    }
    for (const { path, fresh } of files) terminal.out(`${path}${fresh ? '' : ' (was there already)'}`);
    terminal.out(
      `${archive.title}: in a job, data: { kind: ${archive.kind} }, imageSize: ${size}, channels: ${channels}; run it with --data ${flags.to}`,
    );
  } finally {
    progress.end();
  }
}

interface FetchProgress {
  readonly report: (file: string, received: number, total: number | null) => void;
  readonly end: () => void;
}

function barProgress(): FetchProgress {
  const bar = new SingleBar({
    format: '{file} {bar} {percentage} % of {size}, {eta_formatted} left',
    hideCursor: true,
    stream: process.stderr,
  });
  let shown = '';
  return {
    report: (file, received, total) => {
      if (shown !== file) bar.start(total ?? received, 0, { file, size: bytes(total ?? received) });
      shown = file;
      bar.update(received);
    },
    end: () => {
      bar.stop();
    },
  };
}

/** A line when a file begins and at every tenth of it. */
function lineProgress(terminal: Terminal): FetchProgress {
  let last = '';
  return {
    report: (file, received, total) => {
      const tenth = total === null ? 0 : Math.floor((10 * received) / total);
      const line = total === null ? file : `${file}: ${10 * tenth} % of ${bytes(total)}`;
      if (line !== last) terminal.note(line);
      last = line;
    },
    end: () => undefined,
  };
}
