import { mkdtemp, readdir, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildModel, initialState, type EspalierError } from '@espalier/core';
import { exportLayersModel } from '@espalier/core/formats';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readLayersModel, SHARD_BYTES, writeLayersModel } from './index.js';

// 1,048,576 + 512 weights between the hidden layers and around: 4.2 MB, so two files.
const graph = buildModel({ name: 'mlp', width: 1024 }, [2, 2, 3], 2);
const model = exportLayersModel(graph, initialState(graph, 1), null, {
  softmax: true,
  classes: ['day', 'night'],
});

let folder: string;
beforeEach(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'espalier-models-')), 'a model', 'größe');
});
afterEach(() => rm(path.dirname(path.dirname(folder)), { recursive: true, force: true }));

async function refusal(location = folder): Promise<EspalierError> {
  return readLayersModel(location).then(
    () => {
      throw new Error('the folder was read');
    },
    (error: unknown) => error as EspalierError,
  );
}

describe('a model folder', () => {
  it('holds model.json and files of 4 MB, and comes back from the folder and from the file', async () => {
    const files = await writeLayersModel(folder, model);

    expect(files.map((file) => path.relative(folder, file))).toEqual([
      'model.json',
      'group1-shard1of2.bin',
      'group1-shard2of2.bin',
    ]);
    expect((await readdir(folder)).length).toBe(3);
    expect((await stat(files[1] ?? '')).size).toBe(SHARD_BYTES);
    for (const location of [folder, path.join(folder, 'model.json')]) {
      const read = await readLayersModel(location);
      expect(read).toMatchObject({ softmax: true, classes: ['day', 'night'] });
      const { weightData } = exportLayersModel(read.graph, read.state, null);
      expect(Buffer.compare(weightData, model.weightData)).toBe(0);
    }
  });

  it('is replaced by the next model', async () => {
    await writeLayersModel(folder, model);
    const small = buildModel({ name: 'mlp', width: 2 }, [2, 2, 3], 2);
    await writeLayersModel(folder, exportLayersModel(small, initialState(small, 2), null));
    expect((await readLayersModel(folder)).graph.name).toBe('mlp-w2');
  });
});

describe('what is missing or broken', () => {
  it('nothing there', async () => {
    expect(await refusal()).toMatchObject({ code: 'invalid_data' });
    expect((await refusal()).message).toContain('give a model.json or the folder that holds one');
    expect((await refusal(tmpdir())).message).toMatch(/the folder .* has no model.json/);
  });

  it('every missing weights file is named', async () => {
    const files = await writeLayersModel(folder, model);
    await Promise.all(files.slice(1).map((file) => unlink(file)));
    const error = await refusal();
    expect(error.code).toBe('invalid_data');
    expect(error.message).toContain('2 weight files are missing');
    expect(error.message).toContain(
      'group1-shard1of2.bin, group1-shard2of2.bin; copy them beside the model.json',
    );
  });

  it('a file cut short', async () => {
    const files = await writeLayersModel(folder, model);
    await truncate(files[2] ?? '', 100);
    const error = await refusal();
    expect(error.code).toBe('malformed_message');
    expect(error.message).toContain(
      `together have ${SHARD_BYTES + 100} bytes, the manifest says ${model.weightData.length}`,
    );
  });

  it.each([
    ['half a JSON', '{"modelTopology": ', /model.json is no JSON/],
    ['nothing', '', /model.json is no JSON/],
    ['other JSON', '[1, 2]', /model.json is a list, expected an object/],
    [
      'Keras JSON without weights',
      '{"class_name": "Sequential", "config": []}',
      /weightsManifest is missing/,
    ],
    [
      'a file outside',
      '{"weightsManifest": [{"paths": ["../../etc/passwd"], "weights": []}]}',
      /names the weights file ..\/..\/etc\/passwd, which lies outside its folder/,
    ],
  ])('%s', async (_, text, message) => {
    await writeLayersModel(folder, model);
    await writeFile(path.join(folder, 'model.json'), text);
    expect(await refusal()).toMatchObject({ code: 'malformed_message' });
    expect((await refusal()).message).toMatch(message);
  });

  it('a place that cannot be written', async () => {
    await writeLayersModel(folder, model);
    const inFile = path.join(folder, 'model.json', 'inner');
    await expect(writeLayersModel(inFile, model)).rejects.toMatchObject({ code: 'storage' });
  });
});
