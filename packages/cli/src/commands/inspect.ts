import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '@espalier/core';
import { decodeBundle } from '@espalier/proto';
import { readRunFolder, readState, STATE_FILES } from '@espalier/server';
import { describeModel, modelText } from '../describe-model.js';
import { summaryTable } from '../summary-table.js';
import type { OutputFormat, Terminal } from '../terminal.js';

/** Shows what a bundle, a run folder or a state folder holds. */
export async function inspect(path: string, format: OutputFormat, terminal: Terminal): Promise<void> {
  if (existsSync(join(path, STATE_FILES.database))) await inspectState(path, format, terminal);
  else if (await isFolder(path)) await inspectRun(path, format, terminal);
  else await inspectBundle(path, format, terminal);
}

async function inspectBundle(path: string, format: OutputFormat, terminal: Terminal): Promise<void> {
  const bytes = new Uint8Array(await readFile(path));
  const description = describeModel(decodeBundle(bytes), bytes.length);
  terminal.out(format === 'json' ? JSON.stringify(description) : modelText(description));
}

async function inspectRun(path: string, format: OutputFormat, terminal: Terminal): Promise<void> {
  const { summary, metrics, bundle } = await readRunFolder(path);
  const model = bundle === null ? null : describeModel(decodeBundle(bundle), bundle.length);
  if (format === 'json') {
    terminal.out(JSON.stringify({ summary, rounds: metrics, model }));
    return;
  }
  if (summary) terminal.out(summaryTable([summary]));
  else terminal.out(`no summary yet: ${metrics.length} rounds so far`);
  if (model) terminal.out(modelText(model));
}

async function inspectState(path: string, format: OutputFormat, terminal: Terminal): Promise<void> {
  const contents = await readState(path);
  if (format === 'json') {
    terminal.out(JSON.stringify(contents));
    return;
  }
  const { entries, sinceSnapshot, seconds, snapshot, events, blobs } = contents;
  const place = snapshot
    ? `round ${snapshot.round} (${snapshot.phase}), ${snapshot.clients} clients`
    : 'none yet';
  terminal.out(
    [
      `journal:  ${entries} events over ${seconds.toFixed(1)} s, ${sinceSnapshot} of them since the snapshot`,
      `snapshot: ${place}`,
      `events:   ${Object.entries(events)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(', ')}`,
      `blobs:    ${blobs.count}, damaged: ${blobs.damaged.join(', ') || 'none'}`,
    ].join('\n'),
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    throw new EspalierError('invalid_argument', `there is no ${path}: give a model file or a run folder`, {
      path,
    });
  }
}
