import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModelFile, writeLayersModel } from '@espalier/client-node';
import { buildModel, initialState, isEspalierError, denseMask } from '@espalier/core';
import { exportLayersModel } from '@espalier/core/formats';
import { encodeBundle } from '@espalier/proto';
import { unevenState } from '@espalier/core/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXIT } from '../exit-codes.js';
import { runCommand } from '../program.js';
import type { CompressionReport } from './compression-report.js';

const graph = buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 3);
const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
let folder = '';
let model = '';
let made = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-compress-'));
  model = join(folder, 'model.espalier');
  const bundle = {
    graph,
    mask: denseMask(graph),
    state: unevenState(graph, 1),
    classes: ['a', 'b', 'c'],
    normalization,
    metadata: { job: 'x' },
  };
  await writeFile(model, encodeBundle(bundle));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly notes: string;
}

async function run(...args: string[]): Promise<Ended> {
  let [out, notes] = ['', ''];
  const code = await runCommand(args, {
    out: (text) => (out += text),
    note: (text) => (notes += `${text}\n`),
    interactive: false,
  });
  return { code, out, notes };
}

const compress = (...args: string[]): Promise<Ended> =>
  run(
    'compress',
    '--model',
    model,
    '--out',
    join(folder, `out${made++}`),
    '--samples',
    '8',
    '--no-latency',
    '--format',
    'json',
    ...args,
  );

describe('espalier compress', () => {
  it('writes every form, which all read back to the same network, and the report beside them', async () => {
    const { code, out, notes } = await compress(
      '--target',
      'channels=0.7',
      '--density',
      '0.5',
      '--bits',
      '6',
    );
    expect(notes).toMatch(/^compressed in .*measuring …\n$/);
    expect(code).toBe(EXIT.ok);
    const report = JSON.parse(out) as CompressionReport;
    const folderOut = join(folder, `out${made - 1}`);
    expect(report.rewritingError).toBeLessThan(1e-5);
    expect(report.after.active).toBeLessThan(0.5 * report.before.active);
    expect(JSON.parse(await readFile(join(folderOut, 'report.json'), 'utf8'))).toEqual(report);
    const states = await Promise.all(
      ['model.espalier', 'tfjs', 'model.onnx', 'model.safetensors'].map(
        async (name) => (await readModelFile(join(folderOut, name))).state.params,
      ),
    );
    for (const params of states.slice(1)) expect([...params.values()]).toEqual([...states[0]!.values()]);
    for (const { path, bytes } of report.files) expect((await stat(path)).size).toBe(bytes);
    expect((await readModelFile(folderOut)).metadata).toMatchObject({
      job: 'x',
      compressed: expect.any(String),
    });
  });

  it.each<[string, readonly string[], string]>([
    [
      'a repair beyond the access',
      ['--bits', '4', '--repair', 'obspa'],
      'repair obspa needs access "synthetic"',
    ],
    [
      'an allocation beyond the access',
      ['--density', '0.5', '--allocation', 'distortion'],
      'allocation distortion needs access "synthetic"',
    ],
    ['nothing to do', [], 'there is nothing to do'],
    ['a target without a number', ['--target', 'macs'], 'is not <kind>=<what is to be left>'],
    ['a target that cannot be met', ['--target', 'macs=0.0001'], 'cannot be met by removing channels'],
    ['an unknown form', ['--bits', '4', '--to', 'onxx'], 'did you mean onnx?'],
    [
      'clients at access none, by name',
      ['--with', 'job.yaml', '--bits', '8'],
      'calibration by clients needs access "aggregates" (moments, losses), but only "none" is granted',
    ],
    [
      'clients at access synthetic, by name',
      ['--with', 'job.yaml', '--bits', '8', '--access', 'synthetic'],
      'calibration by clients needs access "aggregates" (moments, losses), but only "synthetic" is granted',
    ],
    [
      'several allocations with nobody to choose',
      ['--density', '0.3', '--allocation', 'erk,lamp'],
      'nobody is there to choose',
    ],
    ['bits out of range', ['--bits', '9'], '9 bits'],
  ])('refuses %s', async (_, args, sentence) => {
    const { code, notes } = await compress(...args);
    expect(notes).toContain(sentence);
    expect(code).toBe(EXIT.usage);
    await expect(stat(join(folder, `out${made - 1}`))).rejects.toThrow();
  });

  it.each<[string, readonly string[], string]>([
    ['values that differ', [], 'repair udfc solves the weights anew'],
    ['masks that differ', ['--repair', 'none', '--criterion', 'synflow'], 'criterion is synflow'],
    ['other classes', ['--repair', 'none', '--set', 'data.numClasses=4'], 'tells 3 classes apart'],
  ])('refuses to ask clients about candidates with %s', async (_, args, sentence) => {
    const job = join(folder, 'job.yaml');
    await writeFile(job, 'model: cnn-small\ndata: { kind: procedural, numClasses: 3 }\nimageSize: 8\n');
    const asking = ['--with', job, '--access', 'aggregates', '--density', '0.3', '--allocation', 'erk,lamp'];
    const { code, notes } = await compress(...asking, ...args);
    expect(notes).toContain(sentence);
    expect(code).toBe(EXIT.usage);
    await expect(stat(join(folder, `out${made - 1}`))).rejects.toThrow();
  });

  it('measures what an allocation needs once it may', async () => {
    const { code, out } = await compress(
      '--density',
      '0.3',
      '--allocation',
      'distortion',
      '--access',
      'synthetic',
      '--repair',
      'recalibrate',
      '--to',
      'bundle',
    );
    expect(code).toBe(EXIT.ok);
    expect((JSON.parse(out) as CompressionReport).files).toHaveLength(1);
  });

  it('refuses a folder that exists and files that are damaged, missing or unknown', async () => {
    expect(await run('compress', '--model', model, '--out', folder, '--bits', '4')).toMatchObject({
      code: EXIT.usage,
    });
    const cut = join(folder, 'cut.espalier');
    await writeFile(cut, (await readFile(model)).subarray(0, 500));
    const text = join(folder, 'model.txt');
    await writeFile(text, 'x');
    const to = ['--out', join(folder, 'never'), '--bits', '4'];
    expect((await run('compress', '--model', cut, ...to)).notes).toContain('[transfer_corrupt]');
    expect((await run('compress', '--model', text, ...to)).notes).toContain('no model that can be read');
    expect((await run('compress', '--model', join(folder, 'none.onnx'), ...to)).notes).toContain(
      'there is no',
    );
    const layers = join(folder, 'layers');
    const [, shard = ''] = await writeLayersModel(
      layers,
      exportLayersModel(graph, initialState(graph, 1), null),
    );
    await truncate(shard, 100);
    expect((await run('compress', '--model', layers, ...to)).notes).toContain('[malformed_message]');
    await rm(shard);
    expect((await run('compress', '--model', layers, ...to)).notes).toContain('1 weight file is missing');
  });
});

describe('espalier export', () => {
  it('writes the forms it is asked for', async () => {
    const out = join(folder, 'exported');
    const { code } = await run('export', model, '--out', out, '--to', 'onnx,bundle', '--values', 'int8');
    expect(code).toBe(EXIT.ok);
    expect((await stat(join(out, 'model.espalier'))).size).toBeLessThan(0.6 * (await stat(model)).size);
    expect((await readModelFile(join(out, 'model.onnx'))).graph.nodes).toHaveLength(graph.nodes.length);
    await readModelFile(join(folder, 'nothing')).catch((error: unknown) => {
      expect(isEspalierError(error) && error.code).toBe('invalid_data');
    });
  });
});
