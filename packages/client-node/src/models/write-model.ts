import { stat } from 'node:fs/promises';
import path from 'node:path';
import { EspalierError, type Registry } from '@espalier/core';
import { exportLayersModel, exportOnnx, exportSafetensors, type ValueCoding } from '@espalier/core/formats';
import { encodeBundle, encodeOnnx, type ModelBundle } from '@espalier/proto';
import { writeLayersModel } from './write-layers-model.js';
import { makeFolder, writeWhole } from '@espalier/disk';

/** Settings of writing a model. */
export interface WriteModelOptions {
  /** Coding of the bundle's values; float32 by default. */
  readonly coding?: ValueCoding;
  /** True when the LayersModel is to end in a softmax. */
  readonly softmax?: boolean;
}

/** A form that models are written in. */
export interface ModelFormat {
  /** Outward name. */
  readonly id: string;
  /** For people. */
  readonly summary: string;
  /** Writes into a folder that is there; gives the files' paths. */
  readonly write: (
    folder: string,
    model: ModelBundle,
    options: WriteModelOptions,
  ) => Promise<readonly string[]>;
}

/** A file that was written. */
export interface WrittenFile {
  readonly format: string;
  readonly path: string;
  readonly bytes: number;
}

/** Every form by name. */
export const modelFormats: Registry<ModelFormat> = {
  bundle: {
    id: 'bundle',
    summary: 'model.espalier: masks and active values, one file',
    write: (folder, model, { coding }) =>
      writeOne(path.join(folder, 'model.espalier'), encodeBundle(model, coding)),
  },
  tfjs: {
    id: 'tfjs',
    summary: 'tfjs/: a LayersModel, model.json and weights',
    write: (folder, { graph, state, mask, classes, normalization }, { softmax = false }) =>
      writeLayersModel(
        path.join(folder, 'tfjs'),
        exportLayersModel(graph, state, mask, { softmax, classes, normalization }),
      ),
  },
  onnx: {
    id: 'onnx',
    summary: 'model.onnx: channels first, operator set 13',
    write: (folder, { graph, state }) =>
      writeOne(path.join(folder, 'model.onnx'), encodeOnnx(exportOnnx(graph, state))),
  },
  safetensors: {
    id: 'safetensors',
    summary: 'model.safetensors: float32 tensors, the graph in the metadata',
    write: (folder, { graph, state, metadata }) =>
      writeOne(path.join(folder, 'model.safetensors'), exportSafetensors(graph, state, metadata)),
  },
};

/**
 * Writes a model in some forms into a folder.
 * @throws EspalierError `storage`, `op_unsupported` naming layers that a form has not.
 */
export async function writeModel(
  folder: string,
  model: ModelBundle,
  { formats, ...options }: WriteModelOptions & { readonly formats: readonly ModelFormat[] },
): Promise<readonly WrittenFile[]> {
  const written: WrittenFile[] = [];
  for (const { id, write } of formats) {
    for (const file of await write(folder, model, options)) {
      written.push({ format: id, path: file, bytes: (await stat(file)).size });
    }
  }
  return written;
}

/** @throws EspalierError `invalid_argument` when something of that name exists already. */
export async function refuseExisting(folder: string): Promise<void> {
  const there = await stat(folder).catch(() => null);
  if (there !== null) {
    throw new EspalierError(
      'invalid_argument',
      `${folder} exists already; name a folder that does not exist yet`,
      { path: folder },
    );
  }
}

/** Makes a folder that must not exist yet. @throws EspalierError `invalid_argument`, `storage`. */
export async function makeNewFolder(folder: string): Promise<void> {
  await refuseExisting(folder);
  await makeFolder(folder);
}

async function writeOne(file: string, bytes: Uint8Array): Promise<readonly string[]> {
  await writeWhole(file, bytes);
  return [file];
}
