import type { Mask, ModelGraph, Trainer } from '@espalier/core';

/** The same trainer; every network it takes in is told first. */
export function watchLoads(
  trainer: Trainer,
  loaded: (graph: ModelGraph, mask: Mask | null) => void,
): Trainer {
  return {
    name: trainer.name,
    ops: trainer.ops,
    denseFrom: trainer.denseFrom,
    load: async (graph, state, mask) => {
      await trainer.load(graph, state, mask);
      loaded(graph, mask);
    },
    train: (dataset, options, control) => trainer.train(dataset, options, control),
    gradients: (batch) => trainer.gradients(batch),
    topGradients: (batch, requests) => trainer.topGradients(batch, requests),
    batchNormMoments: (dataset, options) => trainer.batchNormMoments(dataset, options),
    evaluate: (dataset, options) => trainer.evaluate(dataset, options),
    predict: (batch) => trainer.predict(batch),
    footprint: () => trainer.footprint(),
    dispose: () => trainer.dispose(),
  };
}
