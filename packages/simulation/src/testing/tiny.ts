import { createNodeTrainer } from '@espalier/client-node';
import { noStore, type RoundMetrics, type RunStore } from '@espalier/server/coordinator';
import { TrainerPool } from '../pool/trainer-pool.js';

/** Trainers of this thread: no thread need be started for what no thread changes. */
export function localPool(size: number): Promise<TrainerPool> {
  return TrainerPool.open(size, () => createNodeTrainer());
}

/** A store that keeps the lines of the rounds. */
export function lineStore(): { readonly store: RunStore; readonly lines: RoundMetrics[] } {
  const lines: RoundMetrics[] = [];
  return { lines, store: { ...noStore, metrics: (line) => Promise.resolve(void lines.push(line)) } };
}

/** A grid of six runs of a fraction of a second each. */
export const TINY_GRID = `
name: tiny-grid
job:
  model: { name: cnn-small, width: 4 }
  data: { kind: procedural, numClasses: 3, samplesPerClass: 20, testSamplesPerClass: 6 }
  imageSize: 8
  partition: { kind: dirichlet, alpha: 1, minSamples: 4 }
  numClients: 3
  rounds: 5
  localEpochs: 1
  batchSize: 8
  learningRate: 0.05
  pretrain: { epochs: 1, samplesPerClass: 2 }
  pool: { size: 3 }
densities: [0.2]
seeds: [1, 2]
methods:
  - { name: fedtiny, set: { method: fedtiny, pruning.interval: 2 } }
  - { name: random, set: { method: static, mask.criterion: random, mask.allocation: uniform } }
  - { name: dense, set: { method: fedavg }, densities: [1] }
`;
