import { EspalierError, type Batch } from '@espalier/core';
import type { Network } from './network.js';
import type { Workspace, WorkspaceRequest } from './workspace.js';
import type { MomentGatherer } from './moments.js';
import type { ProgramSpec } from './plan/emission.js';
import { draftProgram, type Program, type Segment } from './plan/program.js';

/** Requirements of a call on every program it may need. */
export interface CallRequest {
  readonly kind: ProgramSpec['kind'];
  /** Sizes of the batches to come; every one gets its program before the first runs. */
  readonly batchSizes: readonly number[];
  /** Kernels whose whole gradient will be asked for, on batches of one size. */
  readonly gradients: { readonly batchSize: number; readonly kernels: readonly string[] } | null;
  readonly optimizer: WorkspaceRequest['optimizer'];
  readonly proximal: boolean;
}

/** Resources that the engine may use. */
export interface Limits {
  readonly memoryBudget: number;
  readonly recompute: boolean;
  readonly denseFrom: number;
}

/** A piece of a batch that runs at once. */
export interface Piece {
  readonly program: Program;
  readonly batch: Batch;
}

/** One call's programs in memory: cuts batches into pieces and runs them. */
export class Call {
  /** Samples per forward and backward pass. */
  readonly microBatch: number;
  /** Bytes of everything the call needs, in whole pages. */
  readonly plannedBytes: number;
  readonly #network: Network;
  readonly #workspace: Workspace;
  readonly #programs: ReadonlyMap<string, Program>;

  private constructor(network: Network, workspace: Workspace, microBatch: number, plannedBytes: number) {
    this.#network = network;
    this.#workspace = workspace;
    this.microBatch = microBatch;
    this.plannedBytes = plannedBytes;
    this.#programs = new Map(workspace.programs.map((program) => [keyOf(program.spec), program]));
  }

  /**
   * Plans the call for the largest micro-batch that the budget allows, and puts it in memory.
   * @throws EspalierError `memory_budget` with the bytes that the smallest plan needs.
   */
  static open(network: Network, request: CallRequest, limits: Limits): Call {
    const largest = Math.max(...request.batchSizes);
    const plan = (microBatch: number): WorkspaceRequest =>
      workspaceFor(network, request, microBatch, limits.recompute);
    const microBatch = largestFitting(
      largest,
      (size) => network.plannedBytes(plan(size)),
      limits.memoryBudget,
    );
    const chosen = plan(microBatch);
    const workspace = network.open(chosen);
    network.startOptimizer(workspace.optimizer);
    return new Call(network, workspace, microBatch, network.plannedBytes(chosen));
  }

  /** Clears the gradients, the loss and the count. */
  begin(): void {
    this.#network.run(this.#workspace.begin);
  }

  /** Applies the optimiser. */
  update(): void {
    this.#network.run(this.#workspace.update);
  }

  /**
   * Runs a batch, piece by piece; `each` reads the results of every piece. `kernels` is one of the groups of
   * {@link gradientGroups}, or empty.
   */
  run(batch: Batch, each: PieceVisitor = {}, kernels: readonly string[] = []): void {
    for (const piece of this.#pieces(batch, kernels)) {
      this.#network.feed(piece.program, piece.batch);
      for (const segment of piece.program.segments) {
        this.#network.run(segment);
        if (segment.gradient) each.gradient?.(segment.gradient);
      }
      each.piece?.(piece);
    }
  }

  /** Adds the batch statistics of the piece just run. */
  gather(moments: MomentGatherer, { batch }: Piece): void {
    for (const norm of this.#network.store.norms.values()) {
      moments.add(norm.node, { ...this.#network.batchMoments(norm), count: batch.size * norm.positions });
    }
  }

  #pieces(batch: Batch, kernels: readonly string[]): readonly Piece[] {
    const stride = batch.images.length / batch.size;
    return cut(batch.size, this.microBatch).map(({ start, size }) => {
      const program = this.#programs.get(
        keyOf({ lanes: size, lossSamples: batch.size, denseGradients: new Set(kernels) }),
      );
      if (!program) throw new EspalierError('internal', `no program for ${size} of ${batch.size} samples`);
      const images = batch.images.subarray(start * stride, (start + size) * stride);
      return { program, batch: { images, labels: batch.labels.subarray(start, start + size), size } };
    });
  }
}

/** A whole kernel's gradient in memory, good until the visitor returns. */
type Gradient = NonNullable<Segment['gradient']>;

/** Reads the results of a piece: after it has run, and each whole gradient on the way. */
export interface PieceVisitor {
  readonly piece?: (piece: Piece) => void;
  readonly gradient?: (gradient: Gradient) => void;
}

/**
 * Kernels whose gradients one pass gives: all of them, one after the other, when the batch runs in one piece; in
 * several pieces one kernel a pass, so that only one sum has to be held.
 */
export function gradientGroups(
  kernels: readonly string[],
  batchSize: number,
  microBatch: number,
): readonly (readonly string[])[] {
  return batchSize <= microBatch ? [kernels] : kernels.map((kernel) => [kernel]);
}

/** Pieces of at most `most` samples. */
function cut(size: number, most: number): readonly { start: number; size: number }[] {
  return Array.from({ length: Math.ceil(size / most) }, (_, i) => ({
    start: i * most,
    size: Math.min(most, size - i * most),
  }));
}

function keyOf({
  lanes,
  lossSamples,
  denseGradients,
}: Pick<ProgramSpec, 'lanes' | 'lossSamples' | 'denseGradients'>): string {
  return [lanes, lossSamples, ...denseGradients].join(' ');
}

function workspaceFor(
  network: Network,
  request: CallRequest,
  microBatch: number,
  recompute: boolean,
): WorkspaceRequest {
  const specs = new Map<string, ProgramSpec>();
  const add = (lossSamples: number, kernels: readonly string[]): void => {
    for (const { size } of cut(lossSamples, microBatch)) {
      const spec = {
        kind: request.kind,
        lanes: size,
        lossSamples,
        denseGradients: new Set(kernels),
        recompute,
      };
      specs.set(keyOf(spec), spec);
    }
  };
  for (const size of request.batchSizes) add(size, []);
  const { batchSize = 0, kernels = [] } = request.gradients ?? {};
  for (const group of gradientGroups(kernels, batchSize, microBatch))
    if (group.length > 0) add(batchSize, group);
  const programs = [...specs.values()].map((spec) => draftProgram(network.model, network.store, spec));
  return { programs, optimizer: request.optimizer, proximal: request.proximal };
}

/**
 * The whole batch if it fits, otherwise the largest multiple of four that does; fewer than four save nothing.
 */
function largestFitting(batchSize: number, bytesFor: (size: number) => number, budget: number): number {
  if (bytesFor(batchSize) <= budget) return batchSize;
  const smallest = Math.min(4, batchSize);
  const needed = bytesFor(smallest);
  if (needed > budget) {
    throw new EspalierError(
      'memory_budget',
      `the smallest plan, ${smallest} samples at a time, needs ${needed} bytes; the budget is ${budget}`,
      { needed, budget },
    );
  }
  let low = 1;
  let high = Math.ceil(batchSize / 4) - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (bytesFor(4 * middle) <= budget) low = middle;
    else high = middle - 1;
  }
  return Math.min(batchSize, 4 * Math.max(1, low));
}
