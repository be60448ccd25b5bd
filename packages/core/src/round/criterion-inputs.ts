import { epochBatches, type Batch } from '../data/batches.js';
import { EspalierError } from '../errors.js';
import { maskableSpecs } from '../graph/parameters.js';
import { subset, type Dataset } from '../data/dataset.js';
import type { Criterion, CriterionInputs } from '../criteria/criterion.js';
import type { Job } from '../job/job.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { ModelState, ParamTree } from '../params/model-state.js';
import type { Trainer } from '../trainer/trainer.js';

/** Images that a criterion's gradients are taken over, at most; spread evenly over the coordinator's own. */
const MOST_IMAGES = 256;

/** Length of the step of the central difference, as a share of the weights' own length. */
const STEP = 1e-3;

/** The network whose weights are scored. */
export interface ScoredNetwork {
  readonly job: Job;
  readonly graph: ModelGraph;
  readonly state: ModelState;
}

/**
 * Inputs that a criterion declares to need, and no more: gradients of the dense network on one batch of the
 * coordinator's own images, and for GraSP the Hessian's product with them by a central difference.
 * @throws EspalierError `invalid_job` when it needs images and there are none.
 */
export async function criterionInputs(
  { id, needs }: Criterion,
  { job, graph, state }: ScoredNetwork,
  { trainer, serverData }: { readonly trainer: Trainer; readonly serverData: Dataset | null },
): Promise<CriterionInputs> {
  const rng = { seed: job.seed, purpose: 'criterion' };
  if (!needs.includes('gradients') && !needs.includes('hessianGradients')) return { rng };
  const batch = serverData && batchOf(serverData, job);
  if (!batch) {
    throw new EspalierError(
      'invalid_job',
      `criterion ${id} scores by gradients on the coordinator's own images, and there are none: set pretrain.samplesPerClass`,
    );
  }
  const gradientsAt = async (params: ParamTree): Promise<ParamTree> => {
    await trainer.load(graph, { ...state, params }, null);
    return (await trainer.gradients(batch)).gradients;
  };
  const gradients = await gradientsAt(state.params);
  if (!needs.includes('hessianGradients')) return { rng, gradients };
  const hessianGradients = await hessianProduct(graph, state.params, { gradients, gradientsAt });
  return { rng, gradients, hessianGradients };
}

function batchOf(data: Dataset, { normalization }: Job): Batch | undefined {
  const total = data.labels.length;
  const size = Math.min(total, MOST_IMAGES);
  const chosen = subset(
    data,
    Array.from({ length: size }, (_, i) => Math.floor((i * total) / size)),
  );
  const [batch] = epochBatches(chosen, { batchSize: Math.max(1, size), normalization });
  return batch;
}

/** H·g ≈ ‖g‖·(∇(w + h·ĝ) − ∇(w − h·ĝ)) ÷ 2h over the maskable weights, with ĝ = g ÷ ‖g‖. */
async function hessianProduct(
  graph: ModelGraph,
  params: ParamTree,
  {
    gradients,
    gradientsAt,
  }: { readonly gradients: ParamTree; readonly gradientsAt: (params: ParamTree) => Promise<ParamTree> },
): Promise<ParamTree> {
  const names = maskableSpecs(graph).map(({ name }) => name);
  const length = lengthOf(names, gradients);
  const step = STEP * lengthOf(names, params);
  if (length === 0 || step === 0)
    return new Map(names.map((name) => [name, gradients.get(name)!.map(() => 0)]));
  const moved = (by: number): ParamTree => {
    const shifted = new Map(params);
    for (const name of names) {
      const slope = gradients.get(name)!;
      shifted.set(
        name,
        params.get(name)!.map((value, i) => value + (by * slope[i]!) / length),
      );
    }
    return shifted;
  };
  const ahead = await gradientsAt(moved(step));
  const behind = await gradientsAt(moved(-step));
  return new Map(
    names.map((name) => {
      const before = behind.get(name)!;
      return [name, ahead.get(name)!.map((value, i) => (length * (value - before[i]!)) / (2 * step))];
    }),
  );
}

function lengthOf(names: readonly string[], tree: ParamTree): number {
  let squares = 0;
  for (const name of names) for (const value of tree.get(name) ?? []) squares += value * value;
  return Math.sqrt(squares);
}
