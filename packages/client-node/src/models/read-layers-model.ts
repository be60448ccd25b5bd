import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { EspalierError } from '@espalier/core';
import {
  groupBytes,
  importLayersModel,
  readWeightsManifest,
  type ImportedLayersModel,
  type WeightsGroup,
} from '@espalier/core/formats';
import { isMissing, LARGEST_MODEL } from './file-error.js';
import { storageError, readBounded } from '@espalier/disk';

/** The largest model.json that is read: layers by the ten thousand fit, a weights file under that name does not. */
const MAX_JSON_BYTES = 64 * 2 ** 20;

/**
 * The model of a `model.json`, or of a folder that holds one, with the weight files it names beside it.
 * @throws EspalierError `invalid_data` naming every file that is missing; `storage` for one that cannot be read;
 * `malformed_message` for files that are no layers model or not as long as the manifest says; and what
 * `importLayersModel` throws: `op_unsupported`, `invalid_params`, `invalid_graph`.
 */
export async function readLayersModel(location: string): Promise<ImportedLayersModel> {
  const file = await modelFile(location);
  const modelJson = parse(file, await readText(file));
  const groups = readWeightsManifest(modelJson);
  const folder = path.dirname(file);
  await checkFiles(folder, groups);
  return importLayersModel(modelJson, await readShards(folder, groups));
}

async function modelFile(location: string): Promise<string> {
  const found = await statOf(location);
  if (found === null) {
    throw new EspalierError(
      'invalid_data',
      `there is no ${location}; give a model.json or the folder that holds one`,
      {
        path: location,
      },
    );
  }
  if (!found.isDirectory()) return location;
  const inside = path.join(location, 'model.json');
  if ((await statOf(inside)) !== null) return inside;
  throw new EspalierError('invalid_data', `the folder ${location} has no model.json`, { path: location });
}

async function readText(file: string): Promise<string> {
  const found = await statOf(file);
  if (found !== null && found.size > MAX_JSON_BYTES) {
    throw malformed(file, `has ${found.size} bytes, more than a model.json of ${MAX_JSON_BYTES}`);
  }
  return new TextDecoder().decode(await readBytes(file));
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw malformed(file, `is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Missing files and wrong lengths, before a byte of them is read. */
async function checkFiles(folder: string, groups: readonly WeightsGroup[]): Promise<void> {
  const missing: string[] = [];
  for (const group of groups) {
    let bytes = 0;
    let absent = 0;
    for (const name of group.paths) {
      const found = await statOf(shardPath(folder, name));
      if (found === null) absent = missing.push(name);
      else bytes += found.size;
    }
    if (absent === 0) checkLength(group, bytes);
  }
  if (missing.length === 0) return;
  throw new EspalierError(
    'invalid_data',
    `${missing.length === 1 ? '1 weight file is' : `${missing.length} weight files are`} missing in ${folder}: ${missing.join(', ')}; copy ${missing.length === 1 ? 'it' : 'them'} beside the model.json`,
    { path: folder },
  );
}

function checkLength(group: WeightsGroup, bytes: number): void {
  const needed = groupBytes(group);
  if (bytes === needed) return;
  throw malformed(
    group.paths.join(', '),
    `${group.paths.length === 1 ? 'has' : 'together have'} ${bytes} bytes, the manifest says ${needed}; fetch them again`,
  );
}

async function readShards(
  folder: string,
  groups: readonly WeightsGroup[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const shards = new Map<string, Uint8Array>();
  for (const name of groups.flatMap(({ paths }) => paths)) {
    shards.set(name, await readBytes(shardPath(folder, name)));
  }
  return shards;
}

/** A model from elsewhere must not name files outside its folder. */
function shardPath(folder: string, name: string): string {
  const relative = path.relative(folder, path.resolve(folder, name));
  if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative)) {
    throw malformed('model.json', `names the weights file ${name}, which lies outside its folder`);
  }
  return path.join(folder, relative);
}

async function statOf(file: string): Promise<Stats | null> {
  try {
    return await stat(file);
  } catch (error) {
    if (isMissing(error)) return null;
    throw storageError('read', file, error);
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  return new Uint8Array(await readBounded(file, LARGEST_MODEL));
}

function malformed(file: string, problem: string): EspalierError {
  return new EspalierError('malformed_message', `${file} ${problem}`, { path: file });
}
