import { readFile, stat } from 'node:fs/promises';
import { readLayersModel } from '@espalier/client-node';
import { EspalierError, layersModelAsBundle } from '@espalier/core';
import { decodeBundle } from '@espalier/proto';
import { readRunFolder } from '@espalier/server';
import { describeModel, modelText, type ModelDescription } from '../describe-model.js';
import { summaryTable } from '../summary-table.js';
import type { OutputFormat, Terminal } from '../terminal.js';

/** Shows what a bundle, a LayersModel's `model.json` or a run folder holds. */
export async function inspect(path: string, format: OutputFormat, terminal: Terminal): Promise<void> {
  if (path.endsWith('.json')) await inspectLayersModel(path, format, terminal);
  else if (await isFolder(path)) await inspectRun(path, format, terminal);
  else await inspectBundle(path, format, terminal);
}

async function inspectLayersModel(path: string, format: OutputFormat, terminal: Terminal): Promise<void> {
  const bundle = layersModelAsBundle(await readLayersModel(path));
  showModel(describeModel(bundle, (await stat(path)).size), format, terminal);
}

function showModel(description: ModelDescription, format: OutputFormat, terminal: Terminal): void {
  terminal.out(format === 'json' ? JSON.stringify(description) : modelText(description));
}

async function inspectBundle(path: string, format: OutputFormat, terminal: Terminal): Promise<void> {
  const bytes = new Uint8Array(await readFile(path));
  showModel(describeModel(decodeBundle(bytes), bytes.length), format, terminal);
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

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    throw new EspalierError('invalid_argument', `there is no ${path}: give a model file or a run folder`, {
      path,
    });
  }
}
