import type { Job } from '@espalier/core';
import { parseDocument } from 'yaml';
import { parseJob } from '../job/parse.js';

const TINY_JOB = `
name: tiny
seed: 5
method: fedtiny
model: { name: cnn-small, width: 4 }
data: { kind: procedural, numClasses: 3, samplesPerClass: 20, testSamplesPerClass: 6 }
imageSize: 8
partition: { kind: dirichlet, alpha: 1, minSamples: 4 }
numClients: 3
rounds: 5
localEpochs: 1
batchSize: 8
learningRate: 0.05
targetDensity: 0.2
pool: { size: 4 }
pruning: { interval: 2, stopRound: 5 }
pretrain: { epochs: 1, samplesPerClass: 2 }
`;

/**
 * The job file of tests: three clients and five rounds that go through every step of FedTiny within seconds on the
 * slowest backend. `keys` replace or add keys of the file.
 */
export function tinyJobText(keys: Readonly<Record<string, unknown>> = {}): string {
  const file = parseDocument(TINY_JOB);
  for (const [key, value] of Object.entries(keys)) file.set(key, value);
  return file.toString({ lineWidth: 0 });
}

/** The same as a job; overrides as `--set` takes them, `pruning.interval=2`. @throws EspalierError `invalid_job`. */
export function tinyJob(...overrides: readonly string[]): Job {
  return parseJob(TINY_JOB, { overrides });
}
