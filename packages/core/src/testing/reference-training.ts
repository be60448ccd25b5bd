import { epochBatches, type Batch } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { Mask } from '../mask/mask.js';
import type { ModelState, ParamTree } from '../params/model-state.js';
import { applyMask } from '../params/pack.js';
import { epochStream } from '../trainer/epoch-stream.js';
import type { Optimizer, TrainOptions } from '../trainer/trainer.js';
import { doubled } from './reference-network.js';

/** The batches of a training run, in the order in which every trainer must take them. */
export function* trainingBatches(dataset: Dataset, options: TrainOptions): Generator<Batch, void> {
  const { epochs, batchSize, normalization, augmentation } = options;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const shuffle = { key: epochStream(options.stream, epoch), augmentation };
    yield* epochBatches(dataset, { batchSize, normalization, shuffle });
  }
}

/** A run's starting point. */
export interface ReferenceStart {
  readonly graph: ModelGraph;
  readonly state: ModelState;
  readonly mask: Mask | null;
}

/** Gradients of the mean loss of a batch at those parameters. */
export type GradientSource = (params: ParamTree, batch: Batch) => Promise<ParamTree>;

/** Trains by the book, one weight after another in double precision, on gradients that are handed in. */
export async function referenceTraining(
  { graph, state, mask }: ReferenceStart,
  batches: Iterable<Batch>,
  options: TrainOptions,
  gradientsAt: GradientSource,
): Promise<ReadonlyMap<string, Float64Array>> {
  const params = doubled(applyMask(graph, mask, state.params));
  const received = doubled(applyMask(graph, mask, state.params));
  const rule = updateRule(options.optimizer, options.learningRate);
  for (const batch of batches) {
    const rounded = new Map([...params].map(([name, values]) => [name, Float32Array.from(values)]));
    const gradients = await gradientsAt(rounded, batch);
    rule.begin();
    for (const [name, weights] of params) {
      for (const i of activeOf(mask, name, weights.length)) {
        const pull = options.proximal * (weights[i]! - received.get(name)![i]!);
        const gradient = gradients.get(name)![i]! + options.optimizer.weightDecay * weights[i]! + pull;
        weights[i]! -= rule.step(`${name}/${String(i)}`, gradient);
      }
    }
  }
  return params;
}

function activeOf(mask: Mask | null, name: string, size: number): Iterable<number> {
  return mask?.layer(name)?.active ?? Array.from({ length: size }, (_, i) => i);
}

/** How far one weight moves, given its gradient; state by the weight's name. */
interface UpdateRule {
  begin(): void;
  step(weight: string, gradient: number): number;
}

function updateRule(optimizer: Optimizer, learningRate: number): UpdateRule {
  const first = new Map<string, number>();
  const second = new Map<string, number>();
  let count = 0;
  const blend = (state: Map<string, number>, weight: string, kept: number, fresh: number): number => {
    const next = kept * (state.get(weight) ?? 0) + fresh;
    state.set(weight, next);
    return next;
  };
  return {
    begin: () => {
      count++;
    },
    step: (weight, gradient) => {
      if (optimizer.kind === 'sgd') return learningRate * blend(first, weight, optimizer.momentum, gradient);
      const { beta1, beta2, epsilon } = optimizer;
      const mean = blend(first, weight, beta1, (1 - beta1) * gradient) / (1 - beta1 ** count);
      const square = blend(second, weight, beta2, (1 - beta2) * gradient ** 2) / (1 - beta2 ** count);
      return (learningRate * mean) / (Math.sqrt(square) + epsilon);
    },
  };
}
