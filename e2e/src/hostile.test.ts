import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  applyMask,
  buildModel,
  initialState,
  Mask,
  maskableSpecs,
  packActive,
  partitionSamples,
  randomStream,
  subset,
  unpackActive,
  type Dataset,
  type StreamKey,
  type Trainer,
} from '@espalier/core';
import { addUpdate, aggregateUpdates, type AggregationSpec } from '@espalier/core/methods';
import { createSparseTrainer } from '@espalier/engine';
import { memoryConnectionPair } from '@espalier/proto';
import { parseJob } from '@espalier/server';
import { noStore, type RoundMetrics } from '@espalier/server/coordinator';
import { hostCoordinator, startClient } from './support/in-process.js';
import { stubTrainer } from './support/stub-trainer.js';

const SEEDS = [1, 2, 3];
const CLIENTS = 10;
const ROUNDS = 8;
const CLASSES = 4;
const PIXELS = 64;

/** Delta that a hostile client reports in place of the one it learned. */
type Attack = (delta: Float32Array, chance: () => number) => Float32Array;
const ATTACKS: readonly (readonly [string, Attack])[] = [
  ['scaled', (delta) => delta.map((value) => 100 * value)],
  ['sign-flipped', (delta) => delta.map((value) => -10 * value)],
  ['random', (delta, chance) => delta.map(() => 20 * chance() - 10)],
];
const PLAIN: AggregationSpec = { kind: 'weightedMean', weighting: 'samples', clip: null, options: {} };
const RULES: readonly (readonly [string, AggregationSpec])[] = [
  ['the trimmed mean', { ...PLAIN, kind: 'trimmedMean', options: { trim: 0.1 } }],
  ['clipping at the median norm', { ...PLAIN, clip: { kind: 'median', factor: 1 } }],
];

const graph = buildModel({ name: 'mlp', width: 12 }, [8, 8, 1], CLASSES);
const normalization = { mean: [0.5], std: [0.25] };
const mask = new Mask(
  maskableSpecs(graph).map(({ name, size }) => ({
    name,
    size,
    active: Uint32Array.from({ length: Math.ceil(size / 2) }, (_, i) => 2 * i),
  })),
);

describe('one hostile client of ten', () => {
  let trainer: Trainer;
  let without: readonly number[];
  beforeAll(async () => {
    trainer = await createSparseTrainer();
    without = await accuracies(PLAIN, null);
  });
  afterAll(() => trainer.dispose());

  describe.each(RULES)('with %s', (_, rule) => {
    it.each(ATTACKS)('that sends %s updates takes nothing from the model', async (__, attack) => {
      const attacked = await accuracies(rule, attack);
      expect(meanOf(without) - meanOf(attacked)).toBeLessThanOrEqual(2 * pooledError(without, attacked));
    });
  });

  it('takes much from it with the plain mean', async () => {
    for (const [, attack] of ATTACKS) {
      const attacked = await learn(trainer, { seed: SEEDS[0]!, rule: PLAIN, attack });
      expect(attacked).toBeLessThan(without[0]! - 0.1);
    }
  });

  async function accuracies(rule: AggregationSpec, attack: Attack | null): Promise<readonly number[]> {
    const all: number[] = [];
    for (const seed of SEEDS) all.push(await learn(trainer, { seed, rule, attack }));
    return all;
  }
});

interface Learning {
  readonly seed: number;
  readonly rule: AggregationSpec;
  /** Attack by the last client; null leaves that client out. */
  readonly attack: Attack | null;
}

/** Federated training of a sparse network; gives its final accuracy. */
async function learn(trainer: Trainer, { seed, rule, attack }: Learning): Promise<number> {
  const train = patterns(150, { seed, purpose: 'train images' });
  const test = patterns(300, { seed, purpose: 'test images' });
  const parts = partitionSamples(train.labels, CLASSES, { kind: 'iid' }, { numClients: CLIENTS, seed });
  const start = initialState(graph, seed);
  let values = packActive(graph, mask, applyMask(graph, mask, start.params));
  const stateOf = () => ({ params: unpackActive(graph, mask, values), moments: start.moments });
  for (let round = 0; round < ROUNDS; round++) {
    const deltas: Float32Array[] = [];
    for (const [partition, positions] of parts.entries()) {
      if (partition === CLIENTS - 1 && attack === null) continue;
      await trainer.load(graph, stateOf(), mask);
      const key = { seed, purpose: 'train', round, partition };
      const trained = await trainOn(trainer, subset(train, positions), key);
      const delta = trained.map((value, i) => value - values[i]!);
      const chance = randomStream({ ...key, purpose: 'attack' });
      deltas.push(partition === CLIENTS - 1 && attack ? attack(delta, () => chance.uniform()) : delta);
    }
    const updates = deltas.map((delta) => () => Promise.resolve({ values: delta, weight: 15 }));
    const { values: update } = await aggregateUpdates({ length: values.length, updates }, rule);
    values = addUpdate(values, update);
  }
  await trainer.load(graph, stateOf(), mask);
  const { correct, samples } = await trainer.evaluate(test, { batchSize: 100, normalization });
  return correct / samples;
}

/** Noise with a faint pattern of its class in it. */
function patterns(count: number, key: StreamKey): Dataset {
  const traits = randomStream({ seed: 9, purpose: 'traits' });
  const pattern = Float64Array.from({ length: CLASSES * PIXELS }, () => traits.uniform());
  const noise = randomStream(key);
  const labels = Uint16Array.from({ length: count }, (_, i) => i % CLASSES);
  const images = Uint8Array.from({ length: count * PIXELS }, (_, i) => {
    const label = labels[Math.floor(i / PIXELS)]!;
    return 90 * pattern[label * PIXELS + (i % PIXELS)]! + 165 * noise.uniform();
  });
  return { imageShape: [8, 8, 1], classes: ['a', 'b', 'c', 'd'], images, labels };
}

async function trainOn(trainer: Trainer, data: Dataset, stream: StreamKey): Promise<Float32Array> {
  const { state } = await trainer.train(data, {
    epochs: 2,
    batchSize: 5,
    learningRate: 0.05,
    optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
    normalization,
    augmentation: null,
    momentMode: { kind: 'pooled' },
    proximal: 0,
    stream,
    topGradients: [],
  });
  return packActive(graph, mask, state.params);
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The standard error of the difference between two means. */
function pooledError(a: readonly number[], b: readonly number[]): number {
  const squares = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + (value - meanOf(values)) ** 2, 0);
  const variance = (squares(a) + squares(b)) / (a.length + b.length - 2);
  return Math.sqrt(variance * (1 / a.length + 1 / b.length));
}

describe('the plain mean', () => {
  it('names the outlier in the log and in the round’s record', async () => {
    const job = parseJob(`
name: outlier
method: static
model: { name: mlp, width: 4 }
data: { kind: procedural, numClasses: 3, samplesPerClass: 20, testSamplesPerClass: 2 }
imageSize: 8
partition: { kind: iid }
numClients: 10
rounds: 2
targetDensity: 0.5
pretrain: { epochs: 0, samplesPerClass: 0 }
`);
    const lines: RoundMetrics[] = [];
    const store = { ...noStore, metrics: (line: RoundMetrics) => Promise.resolve(void lines.push(line)) };
    const { coordinator, log } = await hostCoordinator(job, { store, trainer: stubTrainer() });
    const clients = Array.from({ length: 10 }, (_, part) =>
      startClient(
        part,
        () => {
          const [near, far] = memoryConnectionPair();
          coordinator.accept(near);
          return Promise.resolve(far);
        },
        { makeTrainer: () => Promise.resolve(part === 6 ? shouting(stubTrainer()) : stubTrainer()) },
      ),
    );
    await coordinator.ended;
    await Promise.all(clients.map(({ ended }) => ended));
    for (const { aggregation } of lines) {
      expect(aggregation.outliers.map(({ client, reason }) => `${client} ${reason}`)).toEqual(['6 norm']);
    }
    expect(log.filter((line) => line.includes('the update of part 7 is an outlier: its norm'))).toHaveLength(
      2,
    );
  });
});

/** Reports a hundred times what it learned. */
function shouting(trainer: Trainer): Trainer {
  let received: ReadonlyMap<string, Float32Array> = new Map();
  return {
    ...trainer,
    load: (network, state, own) => {
      received = state.params;
      return trainer.load(network, state, own);
    },
    train: async (data, options, control) => {
      const trained = await trainer.train(data, options, control);
      const params = new Map(
        [...trained.state.params].map(([name, values]) => {
          const before = received.get(name)!;
          return [name, values.map((value, i) => before[i]! + 100 * (value - before[i]!))];
        }),
      );
      return { ...trained, state: { ...trained.state, params } };
    },
  };
}
