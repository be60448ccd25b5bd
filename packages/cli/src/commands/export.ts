import {
  makeNewFolder,
  modelFormats,
  readModelFile,
  writeLayersModel,
  writeModel,
} from '@espalier/client-node';
import { entryNamed, EspalierError } from '@espalier/core';
import { exportLayersModel, type ValueCoding } from '@espalier/core/formats';
import type { Terminal } from '../terminal.js';

/** Flags of `espalier export`. */
export interface ExportFlags {
  readonly out: string;
  readonly softmax?: boolean;
  /** Form; a LayersModel straight in the folder unless told. */
  readonly to?: string;
  /** Coding of the bundle's values. */
  readonly values?: string;
}

const CODINGS: Readonly<Record<string, ValueCoding>> = {
  float32: { kind: 'float32' },
  float16: { kind: 'float16' },
  int8: { kind: 'levels', quantizer: 'uniform', bits: 8 },
  int4: { kind: 'levels', quantizer: 'uniform', bits: 4 },
};

/** Writes a model in other forms into a new folder. */
export async function exportModel(
  path: string,
  { out, softmax = false, to, values = 'float32' }: ExportFlags,
  terminal: Terminal,
): Promise<void> {
  const model = await readModelFile(path);
  const coding = CODINGS[values];
  if (coding === undefined) {
    throw new EspalierError(
      'invalid_argument',
      `--values ${values}: give ${Object.keys(CODINGS).join(', ')}`,
    );
  }
  const formats = to?.split(',').map((name) => entryNamed(modelFormats, name.trim(), 'form'));
  if (formats === undefined) {
    const { graph, state, mask, classes, normalization } = model;
    const exported = exportLayersModel(graph, state, mask, { softmax, classes, normalization });
    await makeNewFolder(out);
    terminal.out((await writeLayersModel(out, exported)).join('\n'));
    return;
  }
  await makeNewFolder(out);
  const files = await writeModel(out, model, { formats, softmax, coding });
  terminal.out(files.map((file) => file.path).join('\n'));
}
