import {
  EspalierError,
  identityMoments,
  maskableSpecs,
  momentSpecs,
  numClasses,
  parameterSpecs,
  randomStream,
  type Dataset,
  type Mask,
  type ModelGraph,
  type ModelState,
  type MomentTree,
  type RandomStream,
  type StreamKey,
  type TopGradientRequest,
  type TopGradients,
  type Trainer,
} from '@espalier/core';

interface Loaded {
  readonly graph: ModelGraph;
  readonly state: ModelState;
  readonly mask: Mask | null;
}

/**
 * A trainer that learns nothing and costs nothing: its output is a function of its input, to the bit, so that
 * anything a coordinator loses, counts twice or mixes up shows in the model's hash.
 */
export function stubTrainer(): Trainer {
  let loaded: Loaded | null = null;
  const network = (): Loaded => {
    if (loaded === null) throw new EspalierError('invalid_argument', 'nothing is loaded');
    return loaded;
  };
  return {
    name: 'stub',
    ops: new Set(),
    denseFrom: 0,
    load: (graph, state, mask) => {
      loaded = { graph, state, mask };
      return Promise.resolve();
    },
    train: (dataset, { stream, topGradients }) => {
      const { graph, state, mask } = network();
      const trained = nudged(network(), stream);
      loaded = { graph, state: trained, mask };
      return Promise.resolve({
        state: trained,
        losses: [1 + firstValue(state)],
        steps: 1,
        samplesSeen: dataset.labels.length,
        microBatch: 1,
        topGradients: mask === null ? [] : inventedGradients(mask, topGradients, stream),
      });
    },
    gradients: () => Promise.resolve({ loss: 0, gradients: zeroed(network()) }),
    topGradients: () => Promise.resolve([]),
    batchNormMoments: (dataset) => Promise.resolve(momentsOf(network(), dataset)),
    evaluate: (dataset) => Promise.resolve(evaluationOf(network(), dataset)),
    predict: ({ labels }) => Promise.resolve(new Float32Array(labels.length * numClasses(network().graph))),
    footprint: () => ({ peakBytes: 1, forwardMacsPerSample: 1, trainMacsPerSample: 1 }),
    dispose: () => Promise.resolve(),
  };
}

function nudged({ graph, state, mask }: Loaded, key: StreamKey): ModelState {
  const stream = randomStream(key);
  const params = new Map(
    parameterSpecs(graph).map(({ name, size }) => {
      const values = (state.params.get(name) ?? new Float32Array(size)).slice();
      const active = mask?.layer(name)?.active ?? values.keys();
      for (const i of active) values[i] = values[i]! + 0.01 * (stream.uniform() - 0.5);
      return [name, values];
    }),
  );
  return { params, moments: wobbled(state.moments, stream) };
}

function wobbled(moments: MomentTree, stream: RandomStream): MomentTree {
  const moved = (values: Float32Array): Float32Array =>
    values.map((value) => value * 0.9 + 0.1 * stream.uniform());
  return new Map(
    [...moments].map(([node, { mean, variance }]) => [
      node,
      { mean: moved(mean), variance: moved(variance) },
    ]),
  );
}

function zeroed({ graph }: Loaded): ModelState['params'] {
  return new Map(parameterSpecs(graph).map(({ name, size }) => [name, new Float32Array(size)]));
}

function inventedGradients(
  mask: Mask,
  requests: readonly TopGradientRequest[],
  key: StreamKey,
): readonly TopGradients[] {
  const stream = randomStream({ ...key, purpose: `${key.purpose} gradients` });
  return requests.map(({ layer, count }) => {
    const { size = 0, active = new Uint32Array() } = mask.layer(layer) ?? {};
    const taken = new Set(active);
    const free = Uint32Array.from({ length: size }, (_, i) => i).filter((i) => !taken.has(i));
    const from = stream.below(Math.max(1, free.length - count + 1));
    const indices = free.subarray(from, from + count);
    return { layer, indices, values: Float32Array.from(indices, () => stream.uniform() - 0.5) };
  });
}

/** Depends on the weights, as statistics do. */
function momentsOf({ graph, state }: Loaded, dataset: Dataset): MomentTree {
  const stream = randomStream({ seed: dataset.labels.length, purpose: `stub ${String(firstValue(state))}` });
  return momentSpecs(graph).length === 0 ? identityMoments(graph) : wobbled(identityMoments(graph), stream);
}

function evaluationOf(
  { graph, state }: Loaded,
  dataset: Dataset,
): { lossSum: number; correct: number; samples: number } {
  const samples = dataset.labels.length;
  const key = `stub ${String(firstValue(state))} ${maskableSpecs(graph).length}`;
  const stream = randomStream({ seed: samples, purpose: key });
  return { lossSum: samples * stream.uniform(), correct: stream.below(samples + 1), samples };
}

function firstValue({ params }: ModelState): number {
  return [...params.values()].reduce((sum, values) => sum + (values.at(0) ?? 0) + (values.at(-1) ?? 0), 0);
}
