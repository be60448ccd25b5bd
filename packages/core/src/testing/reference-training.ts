import { epochBatches, type Batch } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { Mask } from '../mask/mask.js';
import type { ModelState, ParamTree } from '../params/model-state.js';
import { applyMask } from '../params/pack.js';
import { epochStream } from '../trainer/epoch-stream.js';
import type { Optimizer, TrainOptions } from '../trainer/trainer.js';
import { doubled } from './reference-network.js';

/** The batches of a training run, in the order in which every trainer must take them; they may be kept. */
export function* trainingBatches(dataset: Dataset, options: TrainOptions): Generator<Batch, void> {
  const { epochs, batchSize, normalization, augmentation } = options;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const shuffle = { key: epochStream(options.stream, epoch), augmentation };
    for (const { images, labels, size } of epochBatches(dataset, { batchSize, normalization, shuffle }))
      yield { images: images.slice(), labels: labels.slice(), size };
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
  const rule = updateRule(options.optimizer);
  const all = [...batches];
  const pressed = new Pressure(options, mask, params);
  for (const [step, batch] of all.entries()) {
    const rounded = new Map([...params].map(([name, values]) => [name, Float32Array.from(values)]));
    const gradients = await gradientsAt(rounded, batch);
    rule.begin(pressed.rate({ step, steps: all.length }, params));
    const pulls = pressed.pulls(params);
    for (const [name, weights] of params) {
      for (const i of activeOf(mask, name, weights.length)) {
        const pull = options.proximal * (weights[i]! - received.get(name)![i]!);
        const loss = gradients.get(name)![i]! + (pulls.get(`${name}/${String(i)}`) ?? 0);
        const gradient = loss + options.optimizer.weightDecay * weights[i]! + pull;
        weights[i]! -= rule.step(`${name}/${String(i)}`, gradient);
      }
    }
  }
  return params;
}

function activeOf(mask: Mask | null, name: string, size: number): Iterable<number> {
  return mask?.layer(name)?.active ?? Array.from({ length: size }, (_, i) => i);
}

/** An extrusion by the book; without one it presses on nothing. */
class Pressure {
  readonly #options: TrainOptions;
  /** Flat indices of the pressed weights, by layer. */
  readonly #low: ReadonlyMap<string, readonly number[]>;

  constructor(options: TrainOptions, mask: Mask | null, params: ReadonlyMap<string, Float64Array>) {
    this.#options = options;
    const { layers = [], share = 0 } = options.extrusion ?? {};
    this.#low = new Map(
      layers.map((name) => {
        const values = params.get(name)!;
        const active = [...activeOf(mask, name, values.length)];
        const bySize = [...active].sort((a, b) => Math.abs(values[a]!) - Math.abs(values[b]!) || b - a);
        return [name, bySize.slice(0, Math.round(share * active.length))];
      }),
    );
  }

  rate(
    { step, steps }: { readonly step: number; readonly steps: number },
    params: ReadonlyMap<string, Float64Array>,
  ): number {
    const { learningRate, extrusion } = this.#options;
    if (!extrusion) return learningRate;
    let norm = 0;
    for (const [name, low] of this.#low) for (const i of low) norm += Math.abs(params.get(name)![i]!);
    const swing = 2 / (1 + Math.exp(-norm)) - 1;
    const wanted = extrusion.peakLearningRate * ((2 * steps - 2 * step) / (2 * steps - step)) * swing;
    return Math.max(learningRate, Math.min(extrusion.maximumLearningRate, wanted));
  }

  /** λ·w ÷ ‖w_low‖₂ by the weight's name. */
  pulls(params: ReadonlyMap<string, Float64Array>): ReadonlyMap<string, number> {
    const pulls = new Map<string, number>();
    for (const [name, low] of this.#low) {
      const values = params.get(name)!;
      const length = Math.hypot(...low.map((i) => values[i]!));
      const { penalty = 0 } = this.#options.extrusion ?? {};
      for (const i of low) {
        pulls.set(`${name}/${String(i)}`, length === 0 ? 0 : (penalty * values[i]!) / length);
      }
    }
    return pulls;
  }
}

/** Change of one weight, given its gradient; state by the weight's name. */
interface UpdateRule {
  begin(learningRate: number): void;
  step(weight: string, gradient: number): number;
}

function updateRule(optimizer: Optimizer): UpdateRule {
  let learningRate = 0;
  const first = new Map<string, number>();
  const second = new Map<string, number>();
  let count = 0;
  const blend = (state: Map<string, number>, weight: string, kept: number, fresh: number): number => {
    const next = kept * (state.get(weight) ?? 0) + fresh;
    state.set(weight, next);
    return next;
  };
  return {
    begin: (rate) => {
      learningRate = rate;
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
