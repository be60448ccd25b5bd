import { canaryGradients } from '@espalier/client';
import {
  applyMask,
  canaryProblem,
  denseMask,
  EspalierError,
  identityMoments,
  initialState,
  keptCount,
  makeCanary,
  Mask,
  maskableSpecs,
  numClasses,
  randomStream,
  toEspalierError,
  unpackActive,
  type Dataset,
  type ModelGraph,
  type Trainer,
} from '@espalier/core';
import type { Invitation } from '@espalier/core/report';
import { modelHash } from '@espalier/proto';

/**
 * Hash of the engine's gradients on the canary, the same on every host, to the bit; a test computes it in
 * Node.
 */
export const ENGINE_CANARY = '07050da895b4752a7c3426e69b33236062e1aef36d3a8cb15440ff2e969f5cc4';

/** Outcome of the check. */
export interface DeviceReport {
  /** Backend that it trains with. */
  readonly backend: string;
  /** Null when it can take part, else why not and what to do. */
  readonly problem: string | null;
  /** Planned by the trainer for one batch of the job, in bytes. */
  readonly memoryBytes: number;
  /** Milliseconds to train on one image. */
  readonly millisecondsPerImage: number;
  readonly macsPerSecond: number;
}

/** Part of a job that the check needs. */
export type CheckedJob = Pick<Invitation, 'graph' | 'batchSize' | 'targetDensity'>;

/**
 * Proves a trainer on the canary network and lets it train a few batches of the job's own network at its density.
 * @param reference the engine's gradients on the canary, to judge other backends by; null judges the engine itself
 * @param clock milliseconds
 */
export async function checkDevice(
  trainer: Trainer,
  job: CheckedJob,
  { reference, clock }: { readonly reference: Float32Array | null; readonly clock: () => number },
): Promise<DeviceReport> {
  const nothing = { memoryBytes: 0, millisecondsPerImage: 0, macsPerSecond: 0, backend: trainer.name };
  try {
    const problem = await backendProblem(trainer, reference);
    if (problem !== null) return { ...nothing, problem };
    return { ...(await probe(trainer, job, clock)), backend: trainer.name, problem: null };
  } catch (error) {
    return { ...nothing, problem: sentenceOf(trainer.name, error) };
  }
}

/** Null when the gradients on the canary are right, else a sentence that names the backend. */
export async function backendProblem(
  trainer: Trainer,
  reference: Float32Array | null,
): Promise<string | null> {
  const canary = makeCanary();
  const gradients = await canaryGradients(trainer, canary);
  if (reference !== null) {
    const wrong = canaryProblem(canary, reference, gradients);
    return wrong && `${trainer.name} cannot be used here: ${wrong}.`;
  }
  return canaryHash(canary.graph, gradients) === ENGINE_CANARY
    ? null
    : `${trainer.name} cannot be used here: it computes the test network differently than it must. Update the browser, or try another one.`;
}

/** Names those gradients. */
export function canaryHash(graph: ModelGraph, gradients: Float32Array): string {
  const mask = denseMask(graph);
  const state = { params: unpackActive(graph, mask, gradients), moments: identityMoments(graph) };
  return modelHash(graph, mask, state);
}

function sentenceOf(backend: string, error: unknown): string {
  const { code, facts, rawMessage } = toEspalierError(error);
  if (code === 'memory_budget') {
    const needed = Number(facts['needed'] ?? 0);
    return `This tab may use too little memory for the job's model: it needs ${megabytes(needed)}. Close other tabs, allow more below, or take part from another device.`;
  }
  return `${backend} cannot train the job's network here: ${rawMessage}`;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

/** Batches of the probe; the first is not counted, for it also compiles and plans. */
const BATCHES = 3;

async function probe(
  trainer: Trainer,
  { graph, batchSize, targetDensity }: CheckedJob,
  clock: () => number,
): Promise<Omit<DeviceReport, 'backend' | 'problem'>> {
  const mask = evenMask(graph, targetDensity);
  const { params, moments } = initialState(graph, 1);
  await trainer.load(graph, { params: applyMask(graph, mask, params), moments }, mask);
  const dataset = noise(graph, BATCHES * batchSize);
  const marks: number[] = [];
  await trainer.train(
    dataset,
    {
      epochs: 1,
      batchSize,
      learningRate: 1e-5,
      optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
      normalization: normalizationFor(dataset),
      augmentation: null,
      momentMode: { kind: 'pooled' },
      proximal: 0,
      stream: { seed: 1, purpose: 'device check' },
      topGradients: [],
    },
    { onProgress: () => marks.push(clock()) },
  );
  const [first = 0, last = 0] = [marks[0], marks.at(-1)];
  const millisecondsPerImage = (last - first) / (Math.max(1, marks.length - 1) * batchSize);
  const { peakBytes, trainMacsPerSample } = trainer.footprint();
  return {
    memoryBytes: peakBytes,
    millisecondsPerImage,
    macsPerSecond: millisecondsPerImage > 0 ? (1000 * trainMacsPerSample) / millisecondsPerImage : 0,
  };
}

/** A mask of that density in every layer, its weights spread evenly: what the job's will cost, roughly. */
function evenMask(graph: ModelGraph, density: number): Mask {
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => {
      const kept = keptCount(density, size);
      const active = Uint32Array.from({ length: kept }, (_, at) => Math.floor((at * size) / kept));
      return { name, size, active };
    }),
  );
}

function noise(graph: ModelGraph, samples: number): Dataset {
  const [height = 0, width = 0, channels = 0] = graph.nodes.flatMap((node) =>
    node.op === 'input' ? node.shape : [],
  );
  if (channels === 0)
    throw new EspalierError('invalid_data', `the job's model ${graph.name} does not take images`);
  const stream = randomStream({ seed: 1, purpose: 'device check images' });
  const classes = numClasses(graph);
  return {
    imageShape: [height, width, channels],
    classes: Array.from({ length: classes }, (_, at) => String(at)),
    images: Uint8Array.from({ length: samples * height * width * channels }, () => stream.below(256)),
    labels: Uint16Array.from({ length: samples }, () => stream.below(classes)),
  };
}

function normalizationFor({ imageShape }: Dataset): { readonly mean: number[]; readonly std: number[] } {
  const channels = imageShape[2];
  return { mean: new Array<number>(channels).fill(0.5), std: new Array<number>(channels).fill(0.25) };
}
