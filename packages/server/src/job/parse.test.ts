import { describe, expect, it } from '@jest/globals';
import { isEspalierError } from '@espalier/core';
import { jobToYaml } from './form.js';
import { parseJob } from './parse.js';

const SMALLEST = 'model: resnet18\ndata: {kind: imageFolder}\n';

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isEspalierError(error)) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('defaults', () => {
  const job = parseJob(SMALLEST);

  it('are those of FedTiny as published, where it publishes any', () => {
    expect(job).toMatchObject({
      method: 'fedtiny',
      model: { name: 'resnet18', width: null },
      imageShape: [32, 32, 3],
      partition: { kind: 'dirichlet', alpha: 0.5, minSamples: 10 },
      numClients: 10,
      clientsPerRound: 10,
      rounds: 300,
      localEpochs: 5,
      batchSize: 64,
      optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
      pruning: { interval: 10, stopRound: 100, granularity: 'block', peakFraction: 0.3 },
      pretrain: { epochs: 3, learningRate: 0.05, samplesPerClass: 5 },
      augmentation: { cropPadding: 4, flip: true },
    });
  });

  it.each([
    ['numClients=4', { clientsPerRound: 4 }],
    ['rounds=6', { pruning: { stopRound: 6 } }],
    ['targetDensity=0.004', { pool: { size: 25 } }],
    ['targetDensity=0.001', { pool: { size: 100 } }],
    ['targetDensity=0.0001', { pool: { size: 100 } }],
    ['targetDensity=0.01', { pool: { size: 10 } }],
    ['method=fedavg', { targetDensity: 1 }],
    ['seed=1', { learningRate: { kind: 'cosine', initial: 0.05, final: 0.005 } }],
    ['optimizer=adam', { learningRate: { kind: 'cosine', initial: 0.001, final: 0.0001 } }],
    ['learningRate=0.2', { learningRate: { kind: 'constant', initial: 0.2 } }],
    ['seed=1', { momentMode: { kind: 'fresh', samples: null } }],
    ['momentMode={kind: fresh, samples: 500}', { momentMode: { kind: 'fresh', samples: 500 } }],
    ['momentMode=pooled', { momentMode: { kind: 'pooled' } }],
    ['learningRate=0.2', { pretrain: { learningRate: 0.2 } }],
    ['channels=1', { normalization: { mean: [0.5], std: [0.25] }, augmentation: { flip: false } }],
    ['imageSize=16', { imageShape: [16, 16, 3], augmentation: { cropPadding: 2 } }],
    ['imageSize=[24, 48]', { imageShape: [24, 48, 3], augmentation: { cropPadding: 3 } }],
    ['augmentation=null', { augmentation: null }],
    ['momentMode=ema', { momentMode: { kind: 'ema', momentum: 0.9, passes: 10 } }],
    ['rounds=7', { aggregation: { kind: 'weightedMean', weighting: 'samples', clip: null, options: {} } }],
    ['aggregation.kind=trimmedMean', { aggregation: { kind: 'trimmedMean', options: { trim: 0.2 } } }],
    [
      'aggregation={kind: krum, hostile: 0.1, clip: {kind: median}}',
      { aggregation: { clip: { kind: 'median', factor: 1 }, options: { hostile: 0.1, select: 0 } } },
    ],
    ['seed=2', { heterogeneous: null, mask: { passes: 1 } }],
    ['heterogeneous=nested', { heterogeneous: { shares: [1, 0.5, 0.25, 0.125], roundSeconds: null } }],
    [
      'heterogeneous={kind: nested, shares: [1, 0.3], roundSeconds: 60}',
      { heterogeneous: { shares: [1, 0.3], roundSeconds: 60 } },
    ],
    ['name=x', { rescale: true }],
    ['method=magnitude', { rescale: false }],
    ['targetDensity=0.05', { pool: { size: 10, allocation: 'uniform', momentMode: { kind: 'pooled' } } }],
    [
      'preset=published',
      {
        rescale: false,
        pool: { size: 1, allocation: 'uniform', momentMode: { kind: 'ema' } },
        pruning: { interval: 10, gradientWeighting: 'equal' },
      },
    ],
    ['method=synflow', { mask: { criterion: 'synflow', passes: 100 } }],
    ['method=feddst', { pruning: { interval: 15, peakFraction: 0.01 } }],
    ['data.kind=procedural', { augmentation: null, data: { samplesPerClass: 200, numClasses: 10 } }],
  ])('%s brings %p', (override, expected) => {
    expect(parseJob(SMALLEST, { overrides: [override] })).toMatchObject(expected);
  });
});

describe('preset: published', () => {
  const published = (...overrides: string[]) =>
    parseJob(SMALLEST, { overrides: ['preset=published', ...overrides] });

  it.each([
    [0.01, 10],
    [0.02, 5],
    [0.05, 2],
    [0.1, 1],
    [0.0001, 100],
  ])('at density %p draws %p candidates', (density, size) => {
    expect(published(`targetDensity=${String(density)}`).pool.size).toBe(size);
  });

  it('gives way to what the job says', () => {
    const { pool } = published('pool.allocation=erk', 'pool.size=7');
    expect(pool).toMatchObject({ allocation: 'erk', size: 7, momentMode: { kind: 'ema' } });
  });

  it('changes nothing of a method whose defaults are published', () => {
    expect(published('method=snip')).toEqual(parseJob(SMALLEST, { overrides: ['method=snip'] }));
  });
});

describe('overrides', () => {
  it('win over the file, later ones over earlier ones, and the seed over all', () => {
    const text = `${SMALLEST}seed: 3\nrounds: 50\n`;
    const options = { overrides: ['rounds=20', 'seed=4', 'rounds=21'], seed: 9 };

    expect(parseJob(text, options)).toMatchObject({ rounds: 21, seed: 9 });
  });

  it.each([
    ['model.width=16', { model: { name: 'resnet18', width: 16 } }],
    ['optimizer.momentum=0.5', { optimizer: { kind: 'sgd', momentum: 0.5 } }],
    ['pool.momentMode.kind=ema', { pool: { momentMode: { kind: 'ema' } } }],
    [
      'learningRate={kind: cosine, initial: 0.1}',
      { learningRate: { kind: 'cosine', initial: 0.1, final: 0 } },
    ],
  ])('reach inside a shorthand: %s', (override, expected) => {
    const text = `${SMALLEST}optimizer: sgd\npool: {momentMode: pooled}\n`;

    expect(parseJob(text, { overrides: [override] })).toMatchObject(expected);
  });

  it.each([
    ['rounds', 'expected key=value'],
    ['=3', 'expected key=value'],
    ['pool..size=3', 'expected key=value'],
    ['rounds=[', 'is not YAML'],
    ['rounds.x=3', 'rounds is 5, which has no fields'],
    ['__proto__.rounds=3', '__proto__'],
  ])('refuses %p: %s', (override, message) => {
    expect(messageOf(() => parseJob(`${SMALLEST}rounds: 5\n`, { overrides: [override] }))).toContain(message);
  });
});

describe('problems', () => {
  it.each([
    ['rouns=3', 'rouns is not a field here; did you mean rounds?'],
    ['interval=3', 'interval is not a field here; did you mean pruning.interval?'],
    ['pool.sise=3', 'pool.sise is not a field here; did you mean pool.size?'],
    [
      'partition={kind: dirichlet, alfa: 1}',
      'partition.alfa is not a field here; did you mean partition.alpha?',
    ],
    [
      'partition.kind=dirichle',
      'partition.kind is "dirichle"; expected one of "iid", "dirichlet", "shards", "quantitySkew", "byFolder", "file"; did you mean dirichlet?',
    ],
    ['aggregation={kind: trimmedMean, trim: 0.5}', 'aggregation.trim is 0.5; expected'],
    ['aggregation={kind: median, trim: 0.1}', 'aggregation.trim is not a field here'],
    ['method=fedtinny', 'method is "fedtinny"; expected one of "fedavg", "fedprox", "fedavgm"'],
    ['method=fedtinny', '; did you mean fedtiny?'],
    ['model=resnet81', '; did you mean resnet18?'],
    ['model={name: mlp, width: 0}', 'model.width is 0; expected at least 1'],
    ['model=[1]', 'model is [1]; expected one of "mlp", "cnn-small", "resnet18"'],
    ['seed=1.5', 'seed is 1.5; expected a whole number'],
    ['batchSize=many', 'batchSize is "many"; expected a number'],
    ['imageSize=[1]', 'imageSize is [1]; expected at least 2 entries'],
    ['imageSize=big', 'imageSize is "big"; expected a number, or a list'],
    ['channels=4', 'channels is 4; expected one of 1, 3'],
    ['learningRate=fast', 'learningRate is "fast"; expected a number, or a map of fields'],
    ['learningRate=0', 'learningRate is 0; expected above 0'],
    [
      'learningRate={kind: cosin, initial: 1}',
      'learningRate.kind is "cosin"; expected one of "constant", "cosine"; did you mean cosine?',
    ],
    ['learningRate={kind: cosine}', 'learningRate.initial is missing; expected a number'],
    ['targetDensity=0', 'targetDensity is 0; expected above 0'],
    ['targetDensity=1.5', 'targetDensity is 1.5; expected at most 1'],
    ['targetDensity=.nan', 'targetDensity is NaN; expected a number'],
    [
      'targetDensity=1e-7',
      'resnet18 keeps at least one weight in each of its 19 layers, so expected at least 0.00000170',
    ],
    ['targetDensity=1', 'method fedtiny prunes, so expected below 1'],
    ['name=a/b', 'name is "a/b"; expected letters, digits, _ - and .'],
    ['clientsPerRound=11', 'clientsPerRound is 11; expected at most numClients, 10'],
    ['pruning.stopRound=301', 'pruning.stopRound is 301; expected at most rounds, 300'],
    ['pretrain.samplesPerClass=0', 'pretrain.epochs is 3; with pretrain.samplesPerClass 0'],
    ['data.samplesPerClass=5', 'pretrain.samplesPerClass is 5; expected below data.samplesPerClass, 5'],
    ['normalization={mean: [0], std: [1]}', 'normalization has 1 means and 1 deviations'],
    ['augmentation={cropPadding: 32}', 'augmentation.cropPadding is 32; expected below the image'],
    ['maxFrameBytes=10', 'maxFrameBytes is 10; expected at least 4096'],
    ['data=null', 'data is null; expected a map of fields'],
  ])('%s: %s', (override, message) => {
    expect(messageOf(() => parseJob(SMALLEST, { overrides: [override] }))).toContain(message);
  });

  it.each([
    ['{kind: byFolder}', 'partition.kind is "byFolder"; only data.kind imageFolder has a folder per client'],
    [
      '{kind: shards, classesPerClient: 11}',
      'partition.classesPerClient is 11; expected at most data.numClasses, 10',
    ],
    [
      '{kind: shards, classesPerClient: 1}',
      'partition.classesPerClient is 1; 4 clients cannot hold all 10 classes',
    ],
    [
      '{kind: quantitySkew, minSamples: 5000}',
      'partition.minSamples is 5000; 1950 training samples cannot give 4',
    ],
  ])('partition %s of procedural data: %s', (partition, message) => {
    const overrides = ['data={kind: procedural}', 'numClients=4', `partition=${partition}`];
    expect(messageOf(() => parseJob(SMALLEST, { overrides }))).toContain(message);
  });

  it('refuses a density below 1 of a method that trains densely', () => {
    expect(
      messageOf(() => parseJob(SMALLEST, { overrides: ['method=fedavg', 'targetDensity=0.1'] })),
    ).toContain('method fedavg trains every weight, so expected 1');
  });

  it('refuses a partition that cannot be drawn', () => {
    const text = 'model: mlp\ndata: {kind: procedural, numClasses: 2, samplesPerClass: 20}\n';

    expect(messageOf(() => parseJob(text))).toContain(
      '30 training samples cannot give 10 clients that many each',
    );
  });

  it('tells all of them at once, those between sound fields too', () => {
    const text = 'modle: mlp\nseed: -1\nclientsPerRound: 20\npool: {sizes: 3, allocation: mix}\n';
    const message = messageOf(() => parseJob(text));

    expect(message.split('\n')).toEqual([
      '[invalid_job] 7 problems:',
      '  seed is -1; expected at least 0',
      expect.stringContaining('  model is missing; expected one of'),
      '  data is missing; expected a map of fields',
      '  pool.allocation is "mix"; expected one of "uniform", "erk", "mixed"; did you mean mixed?',
      '  pool.sizes is not a field here; did you mean pool.size?',
      '  modle is not a field here; did you mean model?',
      '  clientsPerRound is 20; expected at most numClients, 10',
    ]);
  });

  it.each([
    ['- 1\n- 2\n', 'the job is [1,2]; expected a map of fields'],
    ['just words', 'the job is "just words"; expected a map'],
    ['a: [', 'the job is not YAML'],
    ['rounds: 1\nrounds: 2\n', 'the job is not YAML: Map keys must be unique'],
    ['', 'model is missing'],
  ])('of the text %p: %s', (text, message) => {
    expect(messageOf(() => parseJob(text))).toContain(message);
  });
});

describe('clients that hold different weights', () => {
  it.each([
    [
      ['heterogeneous={kind: nested, shares: [0.5, 1]}'],
      'heterogeneous.shares is [0.5, 1]; expected 1 first',
    ],
    [['heterogeneous={kind: nested, shares: [1, 0.5, 0.5]}'], 'smaller and smaller shares'],
    [['heterogeneous={kind: nested, shares: [1, 0]}'], 'heterogeneous.shares.1'],
    [
      ['heterogeneous=nested', 'aggregation.kind=median'],
      'aggregation.kind is median; with heterogeneous, clients hold different weights',
    ],
    [
      ['method=feddst', 'aggregation.kind=krum'],
      'aggregation.kind is krum; with method feddst, clients hold different weights',
    ],
  ])('are refused where they cannot be averaged: %p', (overrides, why) => {
    expect(() => parseJob(SMALLEST, { overrides })).toThrow(why);
  });
});

describe('what a rule holds off, it holds off with the fewest updates that a step may close with', () => {
  const krum = (settings: string): string => `aggregation={kind: krum${settings}}`;

  // Clients, quorum, rule, what is refused: n ≥ 2f + 3 for krum, 2f + 1 for the trimmed mean, 3 for medians.
  it.each<[number, number, string, string | null]>([
    [5, 1, krum(''), null],
    [
      5,
      0.5,
      krum(''),
      'krum needs 5 updates to hold off 1 of 5 clients; a step of 5 clients may close with 3',
    ],
    [5, 1, krum(', hostile: 0.4'), 'krum needs 7 updates to hold off 2 of 5 clients'],
    [7, 1, krum(', hostile: 0.29'), null],
    [10, 0.7, krum(''), null],
    [10, 0.6, krum(''), 'Give a quorum of at least 0.7, more clients, or a lower hostile'],
    [
      4,
      1,
      krum(''),
      'has hostile 0.2, which of 4 clients is none, so that krum would hold off nobody; expected at least 0.25',
    ],
    [4, 1, krum(', hostile: 0'), null],
    [100, 0.61, krum(', hostile: 0.29'), null],
    [100, 0.6, krum(', hostile: 0.29'), 'needs 61 updates to hold off 29 of 100'],
    [10, 0.7, krum(', select: 5'), null],
    [10, 0.7, krum(', select: 6'), 'krum needs 8 updates to hold off 2 of 10'],
    [10, 0.5, 'aggregation.kind=trimmedMean', null],
    [10, 0.4, 'aggregation.kind=trimmedMean', 'trimmedMean needs 5 updates to hold off 2 of 10 clients'],
    [5, 0.5, 'aggregation={kind: trimmedMean, trim: 0.4}', 'needs 5 updates to hold off 2 of 5'],
    [3, 1, 'aggregation.kind=trimmedMean', 'has trim 0.2, which of 3 clients is none'],
    [3, 1, 'aggregation.kind=median', null],
    [3, 0.5, 'aggregation.kind=median', 'a step of 3 clients may close with 2. Give a quorum of at least 1'],
    [2, 1, 'aggregation.kind=median', 'median needs 3 updates to hold off 1 of 2 clients'],
    [
      3,
      0.5,
      'aggregation={kind: weightedMean, clip: {kind: median}}',
      'clips at the median norm, which one client decides among fewer',
    ],
    [3, 1, 'aggregation={kind: weightedMean, clip: {kind: median}}', null],
    [1, 1, 'aggregation.kind=weightedMean', null],
  ])('%p clients, quorum %p, %s', (clients, quorum, rule, why) => {
    const overrides = [`numClients=${clients}`, `quorum=${quorum}`, rule];
    const parse = (more: readonly string[] = []): unknown =>
      parseJob(SMALLEST, { overrides: [...overrides, ...more] });
    if (why === null) expect(parse).not.toThrow();
    else expect(parse).toThrow(why);
    // Nothing is averaged in a job without rounds.
    expect(() => parse(['rounds=0'])).not.toThrow();
  });

  it('looks at the cohort of a round and, for rules that merge its statistics, at that of the selection', () => {
    const overrides = ['numClients=10', 'clientsPerRound=5', 'quorum=0.6'];
    const parse = (rule: string) => () => parseJob(SMALLEST, { overrides: [...overrides, rule] });
    expect(parse('aggregation={kind: trimmedMean, trim: 0.2}')).not.toThrow();
    expect(parse('aggregation={kind: trimmedMean, trim: 0.35}')).toThrow('hold off 3 of 10 clients');
    expect(parse('aggregation.kind=krum')).toThrow('a step of 5 clients may close with 3');
  });
});

describe('the resolved form', () => {
  it.each([
    [[]],
    [
      [
        'imageSize=[20, 30]',
        'channels=1',
        'optimizer=adam',
        'learningRate={kind: cosine, initial: 0.1, final: 0.01}',
      ],
    ],
    [['data={kind: procedural}', 'partition={kind: iid}', 'method=fedavg', 'momentMode=ema']],
    [
      [
        'data.samplesPerClass=50',
        'model={name: cnn-small, width: 8}',
        'pool.momentMode=ema',
        'mask.layerFloor=0.1',
        'mask.passes=7',
      ],
    ],
    [['heterogeneous={kind: nested, shares: [1, 0.3], roundSeconds: 60}']],
  ])('parses back to the same job: %p', (overrides) => {
    const job = parseJob(SMALLEST, { overrides });

    expect(parseJob(jobToYaml(job))).toEqual(job);
  });
});
