import {
  buildModel,
  denseMask,
  initialState,
  ln,
  maskFromScores,
  proceduralDataset,
  randomStream,
  applyMask,
} from '@espalier/core';
import { allocationNamed, criterionNamed } from '@espalier/core/methods';
import { createSparseTrainer } from '@espalier/engine';
import { modelHash } from '@espalier/proto';

/** Results that must be the same in Node and in a browser. */
export interface EngineProbe {
  readonly random: readonly number[];
  readonly logarithm: string;
  readonly initialHash: string;
  readonly trainedHash: string;
  readonly losses: readonly number[];
}

/** Draws, initialises and trains a small sparse network for 20 steps; the same code runs in Node and in the page. */
export async function probeEngine(): Promise<EngineProbe> {
  const stream = randomStream({ seed: 3, purpose: 'probe' });
  const graph = buildModel({ name: 'resnet20', width: 4 }, [12, 12, 3], 5);
  const dense = initialState(graph, 3);
  const scores = criterionNamed('magnitude').score(graph, dense.params, {});
  const mask = maskFromScores(
    graph,
    scores,
    allocationNamed('uniform').counts(graph, 0.2, { layerFloor: 0 }),
  );
  const state = { params: applyMask(graph, mask, dense.params), moments: dense.moments };
  const dataset = proceduralDataset({
    numClasses: 5,
    imageShape: [12, 12, 3],
    samplesPerClass: 32,
    seed: 3,
    split: 'train',
  });
  const trainer = await createSparseTrainer();
  await trainer.load(graph, state, mask);
  const result = await trainer.train(dataset, {
    epochs: 2,
    batchSize: 16,
    learningRate: 0.05,
    optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
    normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    augmentation: { cropPadding: 2, flip: true },
    momentMode: { kind: 'pooled' },
    proximal: 0,
    stream: { seed: 3, purpose: 'probe-train' },
    topGradients: [],
  });
  await trainer.dispose();
  return {
    random: Array.from({ length: 8 }, () => stream.uint32()),
    logarithm: String(ln(stream.uniform())),
    initialHash: modelHash(graph, denseMask(graph), dense),
    trainedHash: modelHash(graph, mask, result.state),
    losses: result.losses,
  };
}
