import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readLayersModel } from '@espalier/client-node';
import { EspalierError, parsePartitionFile } from '@espalier/core';
import { layersModelAsBundle } from '@espalier/core/formats';
import sharp from 'sharp';
import { decodeBundle } from '@espalier/proto';
import { readRunFolder, readState, STATE_FILES, type StateContents } from '@espalier/server';
import { dataText, describeData } from '../data/describe-data.js';
import { describePartition, partitionText, type PartitionDescription } from '../data/describe-partition.js';
import { partitionSvg } from '../data/partition-picture.js';
import { describeModel, modelText, type ModelDescription } from '../describe-model.js';
import { summaryTable } from '../summary-table.js';
import type { OutputFormat, Terminal } from '../terminal.js';
import { readBounded, writeWhole } from '@espalier/disk';

/** Bytes of a file that is looked at: what Node's buffers hold on every platform. */
const LARGEST_FILE = 2 ** 31;

/** Flags of `espalier inspect`. */
export interface InspectFlags {
  readonly format: OutputFormat;
  /** File for a partition's picture. */
  readonly out?: string;
}

/** Shows what a bundle, a LayersModel's `model.json`, a run folder, its state, a data folder or a partition file holds. */
export async function inspect(path: string, flags: InspectFlags, terminal: Terminal): Promise<void> {
  const { format } = flags;
  if (!(await isFolder(path))) await inspectFile(path, flags, terminal);
  else if (existsSync(join(path, STATE_FILES.database))) await inspectState(path, format, terminal);
  else if (await isRunFolder(path)) await inspectRun(path, format, terminal);
  else await inspectData(path, format, terminal);
}

async function inspectData(path: string, format: OutputFormat, terminal: Terminal): Promise<void> {
  const description = await describeData(path);
  terminal.out(format === 'json' ? JSON.stringify(description) : dataText(description));
}

/** Inspects a file whose kind is recognised by its first bytes. */
async function inspectFile(path: string, flags: InspectFlags, terminal: Terminal): Promise<void> {
  const bytes = new Uint8Array(await readBounded(path, LARGEST_FILE));
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  if (!head.includes('espalier-partition')) {
    await inspectModel(path, bytes, flags.format, terminal);
    return;
  }
  const description = describePartition(parsePartitionFile(Buffer.from(bytes).toString('utf8')));
  terminal.out(flags.format === 'json' ? JSON.stringify(description) : partitionText(description));
  if (flags.out !== undefined) await draw(description, flags.out);
}

async function draw(description: PartitionDescription, out: string): Promise<void> {
  const svg = partitionSvg(description);
  const picture = out.toLowerCase().endsWith('.png')
    ? await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer()
    : svg;
  await writeWhole(out, picture);
}

async function inspectModel(
  path: string,
  bytes: Uint8Array,
  format: OutputFormat,
  terminal: Terminal,
): Promise<void> {
  const isLayersModel = path.toLowerCase().endsWith('.json');
  const bundle = isLayersModel ? layersModelAsBundle(await readLayersModel(path)) : decodeBundle(bytes);
  const description: ModelDescription = describeModel(bundle, bytes.length);
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
  terminal.out(stateText(contents).join('\n'));
}

function stateText(contents: StateContents): readonly string[] {
  const { entries, sinceSnapshot, seconds, snapshot, events, blobs, problems } = contents;
  const place = snapshot
    ? `round ${snapshot.round} (${snapshot.phase}), ${snapshot.clients} clients`
    : 'none yet';
  const kinds = Object.entries(events).map(([kind, count]) => `${count} ${kind}`);
  return [
    `journal:  ${entries} events over ${seconds.toFixed(1)} s, ${sinceSnapshot} of them since the snapshot`,
    `snapshot: ${place}`,
    `events:   ${kinds.join(', ') || 'none'}`,
    `blobs:    ${blobs.count}, damaged: ${blobs.damaged.join(', ') || 'none'}`,
    ...problems.map((problem) => `problem:  ${problem}`),
    ...(problems.length === 0 ? [] : whatIsLeft(blobs.models)),
  ];
}

/** Lists the models that may still be good when the run cannot be resumed. */
function whatIsLeft(models: readonly string[]): readonly string[] {
  const saved = models.map((name) => `saved:    model ${STATE_FILES.blobs}/${name}`);
  return [...saved, "saved:    look also at the models in the run's checkpoints folder"];
}

/** A run has its job, or at least what it measured. */
async function isRunFolder(path: string): Promise<boolean> {
  const found = await Promise.all(
    ['job.yaml', 'metrics.jsonl', 'summary.json', 'model'].map((name) =>
      stat(join(path, name)).catch(() => null),
    ),
  );
  return found.some((each) => each !== null);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    throw new EspalierError(
      'invalid_argument',
      `there is no ${path}: give a model file, a run folder, a data folder or a partition file`,
      {
        path,
      },
    );
  }
}
