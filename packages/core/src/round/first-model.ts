import { middleOf, drawPool } from '../candidates/candidate-pool.js';
import { allocationNamed } from '../allocation/registry.js';
import { criterionNamed } from '../criteria/registry.js';
import { denseMask, type LayerMask, type Mask } from '../mask/mask.js';
import { initialState } from '../params/initialize.js';
import { methodNamed } from '../methods/registry.js';
import { nestedPool, type NestedPool } from '../candidates/nested-pool.js';
import { pruneInPasses } from '../criteria/prune-in-passes.js';
import { trainingMoments } from '../batchnorm/model-moments.js';
import { unreachable } from '../errors.js';
import { withDenseScale } from '../params/dense-scale.js';
import type { Dataset } from '../data/dataset.js';
import type { Job } from '../job/job.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { ModelState } from '../params/model-state.js';
import type { AbortSignalLike, Trainer, TrainOptions } from '../trainer/trainer.js';
import { criterionInputs } from './criterion-inputs.js';

/** Model and mask that the coordinator starts from. */
export interface Preparation {
  /** Pretrained and dense. */
  readonly state: ModelState;
  /** The first mask, unless clients are to choose among candidates. */
  readonly start:
    { readonly kind: 'mask'; readonly mask: Mask } | { readonly kind: 'pool'; readonly pool: NestedPool };
}

/** Tools and data for the preparation. */
export interface PreparationSources {
  readonly trainer: Trainer;
  readonly serverData: Dataset | null;
  /** Weights to begin with; null draws them. */
  readonly initial: ModelState | null;
  /** Breaks pretraining off, which rejects with `aborted`. */
  readonly signal?: AbortSignalLike;
}

/** Pretrains on the coordinator's own samples, then prunes coarsely as the method specifies. */
export async function prepare(
  job: Job,
  graph: ModelGraph,
  sources: PreparationSources,
): Promise<Preparation> {
  const state = await pretrain(job, graph, sources);
  const { initialMask } = methodNamed(job.method);
  switch (initialMask) {
    case 'dense':
      return { state, start: { kind: 'mask', mask: denseMask(graph) } };
    case 'criterion': {
      const mask = await criterionMask(job, graph, state, sources);
      return { state: scaled(job, graph, state, () => mask.layers), start: { kind: 'mask', mask } };
    }
    case 'candidatePool': {
      const { targetDensity: density, pool: spec, seed } = job;
      const plan = drawPool({ graph, params: state.params, density, spec, seed });
      const dense = scaled(job, graph, state, () => middleOf(plan, state));
      return { state: dense, start: { kind: 'pool', pool: nestedPool(graph, plan, dense) } };
    }
    default:
      return unreachable(initialMask);
  }
}

async function pretrain(
  job: Job,
  graph: ModelGraph,
  { trainer, serverData, initial, signal = NEVER }: PreparationSources,
): Promise<ModelState> {
  const fresh = initial ?? initialState(graph, job.seed);
  const { epochs, learningRate } = job.pretrain;
  if (epochs === 0 || serverData === null) return fresh;
  const { batchSize, optimizer, normalization, augmentation } = job;
  await trainer.load(graph, fresh, null);
  const options: TrainOptions = {
    epochs,
    learningRate,
    batchSize,
    optimizer,
    normalization,
    augmentation,
    momentMode: trainingMoments(job.momentMode),
    proximal: 0,
    stream: { seed: job.seed, purpose: 'pretrain' },
    topGradients: [],
  };
  const { state } = await trainer.train(serverData, options, { signal });
  return state;
}

const NEVER: AbortSignalLike = { aborted: false };

async function criterionMask(
  job: Job,
  graph: ModelGraph,
  state: ModelState,
  sources: PreparationSources,
): Promise<Mask> {
  const { criterion: id, allocation, layerFloor, passes } = job.mask;
  const criterion = criterionNamed(id);
  return pruneInPasses(graph, state.params, {
    density: job.targetDensity,
    passes,
    score: async (params) => {
      const network = { job, graph, state: { ...state, params } };
      return criterion.score(graph, params, await criterionInputs(criterion, network, sources));
    },
    counts: (density, inputs) =>
      allocationNamed(allocation).counts(graph, density, { ...inputs, layerFloor }),
  });
}

function scaled(
  job: Job,
  graph: ModelGraph,
  state: ModelState,
  kept: () => readonly LayerMask[],
): ModelState {
  return job.rescale ? withDenseScale(graph, state, kept()) : state;
}
