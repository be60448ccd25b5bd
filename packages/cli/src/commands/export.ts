import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeLayersModel } from '@espalier/client-node';
import { EspalierError, exportLayersModel } from '@espalier/core';
import { decodeBundle } from '@espalier/proto';
import { RUN_FILES, storageError } from '@espalier/server';
import type { Terminal } from '../terminal.js';

/** Flags of `espalier export`. */
export interface ExportFlags {
  readonly out: string;
  readonly softmax?: boolean;
}

/** Writes a bundle as a tfjs LayersModel into a new folder. */
export async function exportModel(
  path: string,
  { out, softmax = false }: ExportFlags,
  terminal: Terminal,
): Promise<void> {
  const { graph, state, mask, classes, normalization } = decodeBundle(await readModel(path));
  const exported = exportLayersModel(graph, state, mask, { softmax, classes, normalization });
  await makeNewFolder(out);
  const files = await writeLayersModel(out, exported);
  terminal.out(files.join('\n'));
}

/** A model file, or the model in a run folder. */
async function readModel(path: string): Promise<Uint8Array> {
  const file = path.endsWith('.espalier') ? path : join(path, RUN_FILES.model);
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    throw storageError('read', file, error);
  }
}

async function makeNewFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    throw new EspalierError(
      'invalid_argument',
      `cannot make the folder ${path}: ${String(error)}; name one that does not exist yet`,
    );
  }
}
