import { describe, expect, it } from '@jest/globals';
import { buildModel, initialState } from '@espalier/core';
import { noiseBatch } from '@espalier/core/testing';
import { createSparseTrainer } from '@espalier/engine';
import { chooseTrainer, nodeTrainers, openEngine, type TrainerCandidate } from './trainer-candidates.js';

const broken: TrainerCandidate = {
  name: 'broken',
  install: 'mend it',
  open: () => Promise.reject(new Error('it is broken')),
};
const lacking: TrainerCandidate = {
  name: 'lacking',
  install: '',
  open: async () => ({
    ...(await createSparseTrainer()),
    name: 'lacking',
    ops: new Set(['input'] as const),
    dispose: () => Promise.resolve(),
  }),
};
const engine: TrainerCandidate = { name: 'engine', install: '', open: () => createSparseTrainer() };

describe('choosing a trainer', () => {
  it('prefers a GPU, then the engine, then tfjs on the CPU', () => {
    expect(nodeTrainers().map(({ name }) => name)).toEqual([
      'tfjs-node-gpu',
      'engine',
      'tfjs-node',
      'wasm',
      'cpu',
    ]);
  });

  it('passes over what does not open and what lacks an op, and says why', async () => {
    const { trainer, tried } = await chooseTrainer([broken, lacking, engine], ['input', 'conv2d', 'add']);
    expect(trainer.ops.has('add')).toBe(true);
    expect(tried).toEqual([
      { name: 'broken', available: false, reason: 'it is broken', install: 'mend it' },
      { name: 'lacking', available: false, reason: 'It lacks conv2d, add.', install: '' },
      { name: 'engine', available: true, reason: 'It is ready.', install: '' },
    ]);
    await trainer.dispose();
  });

  it('gives every reason when nothing works', async () => {
    await expect(chooseTrainer([broken, lacking], ['add'])).rejects.toThrow(
      /broken: it is broken lacking: It lacks add/,
    );
  });
});

describe('the engine on several threads', () => {
  const graph = buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 3);
  const batch = noiseBatch(graph, 5, 3);

  it('computes the same bits as on one', async () => {
    const gradients = [];
    for (const threads of [1, 2]) {
      const engine = await openEngine(threads);
      await engine.load(graph, initialState(graph, 3), null);
      gradients.push((await engine.gradients(batch)).gradients);
      await engine.dispose();
    }
    expect(gradients[1]).toEqual(gradients[0]);
  });
});
