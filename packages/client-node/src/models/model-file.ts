import { stat } from 'node:fs/promises';
import path from 'node:path';
import { EspalierError, type ModelGraph } from '@espalier/core';
import { importOnnx, importSafetensors, layersModelAsBundle } from '@espalier/core/formats';
import { decodeBundle, decodeOnnx, type ModelBundle } from '@espalier/proto';
import { isMissing, LARGEST_MODEL } from './file-error.js';
import { readLayersModel } from './read-layers-model.js';
import { readBounded, storageError } from '@espalier/disk';

/** Path of the model in a run folder. */
const RUN_MODEL = path.join('model', 'model.espalier');

/**
 * A model in any form that is read: a bundle (`.espalier`), a run folder, a Keras/tfjs LayersModel (`model.json` or its
 * folder), ONNX (`.onnx`) or safetensors (`.safetensors`).
 * @param graph which network a safetensors file holds, where it does not say so itself; null where it does
 * @throws EspalierError `invalid_data` when there is no such file; `storage`; what the readers of the formats throw:
 * `malformed_message`, `transfer_corrupt`, `op_unsupported`, `invalid_params`, `invalid_graph`, `not_finite`.
 */
export async function readModelFile(location: string, graph: ModelGraph | null = null): Promise<ModelBundle> {
  const file = await fileAt(location);
  const reader = READERS.get(path.extname(file).toLowerCase());
  if (reader) return reader(file, graph);
  throw new EspalierError(
    'invalid_data',
    `${file} is no model that can be read; give ${[...READERS.keys()].join(', ')} or a run folder`,
    { path: file },
  );
}

type Reader = (file: string, graph: ModelGraph | null) => Promise<ModelBundle>;

const READERS = new Map<string, Reader>([
  ['.espalier', async (file) => decodeBundle(await bytesOf(file))],
  ['.json', async (file) => layersModelAsBundle(await readLayersModel(file))],
  ['.onnx', readOnnx],
  ['.safetensors', readSafetensors],
]);

async function readOnnx(file: string): Promise<ModelBundle> {
  const { graph, state, softmax } = importOnnx(decodeOnnx(await bytesOf(file)));
  return layersModelAsBundle({ graph, state, softmax, classes: null, normalization: null });
}

async function readSafetensors(file: string, graph: ModelGraph | null): Promise<ModelBundle> {
  const read = importSafetensors(await bytesOf(file), graph);
  return layersModelAsBundle({ ...read, softmax: false, classes: null, normalization: null });
}

async function fileAt(location: string): Promise<string> {
  if (!(await isFolder(location))) return location;
  for (const inside of [RUN_MODEL, 'model.espalier', 'model.json']) {
    const file = path.join(location, inside);
    if (await exists(file)) return file;
  }
  throw new EspalierError(
    'invalid_data',
    `the folder ${location} holds neither ${RUN_MODEL} nor a model.json`,
    { path: location },
  );
}

async function isFolder(location: string): Promise<boolean> {
  try {
    return (await stat(location)).isDirectory();
  } catch (error) {
    if (!isMissing(error)) throw storageError('read', location, error);
    throw new EspalierError('invalid_data', `there is no ${location}; give a model file or a run folder`, {
      path: location,
    });
  }
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}

async function bytesOf(file: string): Promise<Uint8Array> {
  return new Uint8Array(await readBounded(file, LARGEST_MODEL));
}
