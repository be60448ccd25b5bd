import path from 'node:path';
import type { ExportedLayersModel } from '@espalier/core/formats';
import { makeFolder, writeWhole } from '@espalier/disk';

/** Bytes of one weights file: what tfjs writes, and browsers cache. */
export const SHARD_BYTES = 4 * 2 ** 20;

/**
 * Writes a model as tfjs does: `model.json` and weight files of at most {@link SHARD_BYTES}, into a folder that is made
 * if need be; files of those names are replaced. The `model.json` comes last and whole, so a reader never finds one
 * without its weights.
 * @returns the files' paths, the `model.json` first
 * @throws EspalierError `storage` when the folder cannot be written.
 */
export async function writeLayersModel(
  folder: string,
  { modelJson, weightData }: ExportedLayersModel,
): Promise<readonly string[]> {
  const count = Math.max(1, Math.ceil(weightData.length / SHARD_BYTES));
  const names = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  const weights = modelJson.weightsManifest.flatMap((group) => group.weights);
  const file = path.join(folder, 'model.json');
  await makeFolder(folder);
  for (const [i, name] of names.entries()) {
    await writeWhole(path.join(folder, name), weightData.subarray(i * SHARD_BYTES, (i + 1) * SHARD_BYTES));
  }
  await writeWhole(file, JSON.stringify({ ...modelJson, weightsManifest: [{ paths: names, weights }] }));
  return [file, ...names.map((name) => path.join(folder, name))];
}
