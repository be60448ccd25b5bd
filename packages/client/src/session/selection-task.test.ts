import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildModel, initialState, proceduralDataset, type Trainer } from '@espalier/core';
import type { ClientJob, ClientMessage, ServerMessage } from '@espalier/core/protocol';
import { drawPool, nestedPool } from '@espalier/core/round';
import { createTfjsTrainer } from '../tfjs/index.js';
import { candidateLosses, candidateMoments } from './selection-task.js';
import type { TaskContext } from './task-context.js';

const graph = buildModel({ name: 'cnn-small', width: 2 }, [8, 8, 1], 3);
const state = initialState(graph, 4);
const spec = { size: 3, allocation: 'uniform' as const };
const pool = nestedPool(graph, drawPool({ graph, params: state.params, density: 0.4, spec, seed: 4 }), state);
const samples = proceduralDataset({
  numClasses: 3,
  imageShape: [8, 8, 1],
  samplesPerClass: 6,
  seed: 4,
  split: 'train',
});
const job: ClientJob = {
  name: 'test',
  seed: 4,
  numClients: 1,
  classes: samples.classes,
  graph,
  data: { kind: 'procedural', numClasses: 3, samplesPerClass: 6, testSamplesPerClass: 1 },
  partition: { kind: 'iid' },
  serverSamplesPerClass: 0,
  normalization: { mean: [0.5], std: [0.25] },
  developmentFraction: 0.5,
  evaluationFraction: 0,
  maxFrameBytes: 1 << 18,
};

let trainer: Trainer;
beforeAll(async () => {
  trainer = await createTfjsTrainer({ backend: 'cpu' });
});
afterAll(() => trainer.dispose());

function context(): TaskContext {
  return {
    job,
    data: { train: samples, evaluation: null },
    trainer,
    partitionIndex: 0,
    clock: () => 0,
    memory: { mask: null, measured: null, pool: null, final: null },
  };
}

/** The pool with its candidates in that order. */
function reordered(order: readonly number[]): Extract<ServerMessage, { kind: 'pool' }> {
  const counts = order.map((c) => pool.counts[c]!);
  return { kind: 'pool', pool: { ...pool, counts }, mode: { kind: 'pooled' }, batchSize: 4 };
}

async function select(order: readonly number[]): Promise<{ moments: ClientMessage; losses: ClientMessage }> {
  const own = context();
  const moments = await candidateMoments(own, reordered(order));
  if (moments.kind !== 'candidateMoments') throw new Error(moments.kind);
  return { moments, losses: await candidateLosses(own, moments.candidates) };
}

describe('candidate selection on a client', () => {
  it('gives every candidate the same statistics and loss whatever was looked at before it', async () => {
    const straight = await select([0, 1, 2]);
    const turned = await select([2, 0, 1]);
    const order = [2, 0, 1];
    for (const key of ['moments', 'losses'] as const) {
      const [before, after] = [straight[key], turned[key]];
      if (!('candidates' in before) || !('candidates' in after)) throw new Error('no candidates');
      expect(after.candidates).toEqual(order.map((c) => before.candidates[c]));
    }
  });

  it('looks at the development share of its samples, the same in both halves', async () => {
    const { moments, losses } = await select([0]);
    expect(moments).toMatchObject({ samples: 9 });
    expect(losses).toMatchObject({ candidates: [{ samples: 9 }] });
  });

  it('refuses merged statistics without a pool before them', async () => {
    await expect(candidateLosses(context(), [])).rejects.toThrow('[not_expected]');
  });
});
