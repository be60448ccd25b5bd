import {
  buildModel,
  maskableSpecs,
  toEspalierError,
  type Job,
  type ModelGraph,
  type ModelSpec,
} from '@espalier/core';
import {
  type Resistance,
  adjustmentRoundsOf,
  aggregatorNamed,
  clientNeeds,
  criterionNamed,
  methodNamed,
} from '@espalier/core/methods';
import { quorumOf } from '@espalier/core/protocol';
import type { Problem } from '../forms/problems.js';
import type { JobForm } from './schema.js';
import { trainsDensely } from './vocabulary.js';

/** Rule that several fields must satisfy together. */
interface CrossCheck {
  /** Top-level fields it reads; it is left out when one of them is wrong by itself. */
  readonly fields: readonly (keyof JobForm)[];
  /** The field to name. */
  readonly path: string;
  /** Returns the problem, or null when there is none. */
  readonly find: (job: Job) => string | null;
}

/** Problems between fields, of those checks that read no field in `broken`. */
export function crossProblems(job: Job, broken: ReadonlySet<string>): readonly Problem[] {
  return CHECKS.filter(({ fields }) => !fields.some((field) => broken.has(field))).flatMap(
    ({ path, find }) => {
      const sentence = find(job);
      return sentence === null ? [] : [{ path, sentence }];
    },
  );
}

const CHECKS: readonly CrossCheck[] = [
  { path: 'clientsPerRound', fields: ['numClients', 'clientsPerRound'], find: cohortFits },
  { path: 'targetDensity', fields: ['method', 'targetDensity', 'rounds'], find: densitySuitsMethod },
  { path: 'model', fields: ['model', 'imageSize', 'channels'], find: modelBuilds },
  {
    path: 'targetDensity',
    fields: ['model', 'imageSize', 'channels', 'targetDensity'],
    find: densityPossible,
  },
  { path: 'pruning.stopRound', fields: ['pruning', 'rounds'], find: stopsInTime },
  { path: 'pruning.interval', fields: ['method', 'pruning', 'rounds'], find: reachesTarget },
  { path: 'heterogeneous.shares', fields: ['heterogeneous'], find: sharesDescend },
  { path: 'aggregation.kind', fields: ['method', 'aggregation', 'heterogeneous'], find: averagesParts },
  {
    path: 'aggregation',
    fields: ['aggregation', 'clientsPerRound', 'numClients', 'quorum', 'rounds'],
    find: holdsWhatItPromises,
  },
  { path: 'mask.criterion', fields: ['method', 'mask'], find: criterionOfMethod },
  { path: 'pretrain.samplesPerClass', fields: ['method', 'mask', 'pretrain'], find: criterionHasImages },
  { path: 'model', fields: ['method', 'model'], find: networkHasWidth },
  { path: 'pretrain.epochs', fields: ['pretrain'], find: pretrainsOnSomething },
  { path: 'pretrain.samplesPerClass', fields: ['pretrain', 'data'], find: leavesTrainingData },
  {
    path: 'partition.minSamples',
    fields: ['pretrain', 'data', 'partition', 'numClients'],
    find: partitionFeasible,
  },
  { path: 'partition.kind', fields: ['data', 'partition'], find: hasClientFolders },
  { path: 'partition.classesPerClient', fields: ['data', 'partition', 'numClients'], find: holdsEveryClass },
  { path: 'normalization', fields: ['channels', 'normalization'], find: normalizesEveryChannel },
  { path: 'augmentation.cropPadding', fields: ['augmentation', 'imageSize'], find: cropsWithin },
];

function cohortFits({ clientsPerRound, numClients }: Job): string | null {
  if (clientsPerRound <= numClients) return null;
  return `is ${clientsPerRound}; expected at most numClients, ${numClients}`;
}

function densitySuitsMethod({ method, targetDensity, rounds }: Job): string | null {
  // Nothing is trained, so nothing could be trained under another name.
  if (rounds === 0) return null;
  const dense = trainsDensely(method);
  if (dense && targetDensity < 1) {
    return `is ${targetDensity}; method ${method} trains every weight, so expected 1. Leave it out or choose a method that prunes`;
  }
  if (!dense && targetDensity === 1) {
    return `is 1; method ${method} prunes, so expected below 1. For dense training choose method fedavg`;
  }
  return null;
}

function modelBuilds(job: Job): string | null {
  // A model file is checked by the caller that can read it, before anything starts.
  if ('file' in job.model) return null;
  try {
    graphOf(job, job.model);
    return null;
  } catch (error) {
    return `cannot be built: ${toEspalierError(error).rawMessage}`;
  }
}

/** Every layer keeps at least one weight, so a density below that many cannot be reached. */
function densityPossible(job: Job): string | null {
  if ('file' in job.model || modelBuilds(job) !== null) return null;
  const layers = maskableSpecs(graphOf(job, job.model));
  const weights = layers.reduce((sum, { size }) => sum + size, 0);
  if (job.targetDensity * weights >= layers.length) return null;
  const least = (layers.length / weights).toPrecision(3);
  return `is ${job.targetDensity}; ${job.model.name} keeps at least one weight in each of its ${layers.length} layers, so expected at least ${least}`;
}

/** Class numbers do not touch what is maskable: the final classifier never is. */
function graphOf({ imageShape, data }: Job, model: ModelSpec): ModelGraph {
  return buildModel(model, imageShape, data.kind === 'procedural' ? data.numClasses : 2);
}

function stopsInTime({ pruning: adjustment, rounds }: Job): string | null {
  if (adjustment.stopRound <= rounds) return null;
  return `is ${adjustment.stopRound}; expected at most rounds, ${rounds}`;
}

/** A method that begins dense and never prunes would be dense training under another name. */
function reachesTarget(job: Job): string | null {
  const { initialMask, maskRule } = methodNamed(job.method);
  if (initialMask !== 'dense' || maskRule === null || adjustmentRoundsOf(job).length > 0) return null;
  return `is ${job.pruning.interval}; with ${job.rounds} rounds, of which those before ${job.pruning.stopRound} may prune, method ${job.method} never comes down to its density. Give an interval below both`;
}

function sharesDescend({ heterogeneous }: Job): string | null {
  const shares = heterogeneous?.shares ?? [1];
  const descends = shares.every((share, i) => (i === 0 ? share === 1 : share < shares[i - 1]!));
  return descends ? null : `is [${shares.join(', ')}]; expected 1 first, then smaller and smaller shares`;
}

/** A rule that compares whole updates has nothing to compare where clients hold different weights. */
function averagesParts(job: Job): string | null {
  const { kind } = job.aggregation;
  const differ = job.heterogeneous !== null || clientNeeds(job).has('ownMasks');
  if (!differ || aggregatorNamed(kind).takesParts) return null;
  const why = job.heterogeneous === null ? `method ${job.method}` : 'heterogeneous';
  return `is ${kind}; with ${why}, clients hold different weights, which only weightedMean averages`;
}

/**
 * A rule holds off hostile clients only with enough updates, and a step may close with as few as its quorum.
 * Its promise must hold even then: a hostile client answers in time, and others may be late.
 */
function holdsWhatItPromises(job: Job): string | null {
  const { aggregation, rounds } = job;
  if (rounds === 0) return null;
  const { kind, options, clip } = aggregation;
  const { resistance, coordinateRule } = aggregatorNamed(kind);
  const round = stepOf(job, 'train');
  const selection = stepOf(job, 'losses');
  // Rules that look at coordinates also merge what clients report for the selection.
  for (const step of coordinateRule === null ? [round] : [round, selection]) {
    const held = resistance?.(options, step.asked);
    const problem =
      held && resistanceProblem(kind, held, { ...step, share: options[held.option ?? ''] ?? 0 });
    if (problem) return problem;
  }
  if (clip?.kind !== 'median' || round.fewest >= FEWEST_FOR_MEDIAN) return null;
  return `clips at the median norm, which one client decides among fewer than ${FEWEST_FOR_MEDIAN} updates; ${closesWith(round, FEWEST_FOR_MEDIAN)}`;
}

/** Fewest values with a robust median: that of two is their mean. */
const FEWEST_FOR_MEDIAN = 3;

/** Clients that a step asks, and answers with which it may close. */
interface StepSize {
  readonly asked: number;
  readonly fewest: number;
}

function stepOf(job: Job, phase: 'train' | 'losses'): StepSize {
  const asked = phase === 'train' ? Math.min(job.clientsPerRound, job.numClients) : job.numClients;
  return { asked, fewest: quorumOf(job, phase) };
}

function resistanceProblem(
  kind: string,
  { hostile, fewest, option }: Resistance,
  step: StepSize & { readonly share: number },
): string | null {
  const { asked, share } = step;
  if (hostile === 0 && share > 0 && option !== null) {
    return `has ${option} ${share}, which of ${asked} clients is none, so that ${kind} would hold off nobody; expected at least ${atLeast(1 / asked)}, or 0 to say so`;
  }
  if (hostile === 0 || step.fewest >= fewest) return null;
  return `of kind ${kind} needs ${fewest} updates to hold off ${hostile} of ${asked} clients; ${closesWith(step, fewest)}${option === null ? '' : `, or a lower ${option}`}`;
}

function closesWith({ asked, fewest: closes }: StepSize, fewest: number): string {
  const more = `more clients${closes < asked ? '' : ' a round'}`;
  const remedy = fewest > asked ? more : `a quorum of at least ${atLeast(fewest / asked)}, ${more}`;
  return `a step of ${asked} clients may close with ${closes}. Give ${remedy}`;
}

/** Rounded up to three digits, so that what the sentence says is enough. */
function atLeast(share: number): number {
  return Math.ceil(1000 * share - 1e-9) / 1000;
}

function criterionOfMethod({ method, mask }: Job): string | null {
  const named = methodNamed(method).criterion;
  if (named === null || named === mask.criterion) return null;
  return `is ${mask.criterion}; method ${method} is the one of criterion ${named}. Leave it out, or choose method static`;
}

function criterionHasImages({ method, mask, pretrain }: Job): string | null {
  if (methodNamed(method).initialMask !== 'criterion' || pretrain.samplesPerClass > 0) return null;
  const needs = criterionNamed(mask.criterion).needs;
  if (!needs.includes('gradients') && !needs.includes('hessianGradients')) return null;
  return `is 0; criterion ${mask.criterion} scores by gradients on the coordinator's own images, so expected at least 1`;
}

function networkHasWidth({ method, model }: Job): string | null {
  if (methodNamed(method).network !== 'narrow' || !('file' in model)) return null;
  return `is a file; method ${method} narrows a network of the zoo`;
}

function pretrainsOnSomething({ pretrain }: Job): string | null {
  if (pretrain.epochs === 0 || pretrain.samplesPerClass > 0) return null;
  return `is ${pretrain.epochs}; with pretrain.samplesPerClass 0 there are no images to train on. Set one of them to 0 and 1 or more`;
}

function leavesTrainingData({ pretrain, data }: Job): string | null {
  if (data.samplesPerClass === null || pretrain.samplesPerClass < data.samplesPerClass) return null;
  return `is ${pretrain.samplesPerClass}; expected below data.samplesPerClass, ${data.samplesPerClass}, or the clients get nothing`;
}

function partitionFeasible({ pretrain, data, partition, numClients }: Job): string | null {
  if (data.kind !== 'procedural' || !('minSamples' in partition)) return null;
  const samples = data.numClasses * (data.samplesPerClass - pretrain.samplesPerClass);
  if (samples >= partition.minSamples * numClients) return null;
  return `is ${partition.minSamples}; ${samples} training samples cannot give ${numClients} clients that many each`;
}

function hasClientFolders({ data, partition }: Job): string | null {
  if (partition.kind !== 'byFolder' || data.kind === 'imageFolder') return null;
  return `is "byFolder"; only data.kind imageFolder has a folder per client, this is ${data.kind}`;
}

function holdsEveryClass({ data, partition, numClients }: Job): string | null {
  if (data.kind !== 'procedural' || partition.kind !== 'shards') return null;
  const { classesPerClient } = partition;
  if (classesPerClient > data.numClasses) {
    return `is ${classesPerClient}; expected at most data.numClasses, ${data.numClasses}`;
  }
  if (classesPerClient * numClients >= data.numClasses) return null;
  return `is ${classesPerClient}; ${numClients} clients cannot hold all ${data.numClasses} classes, raise it or numClients`;
}

function normalizesEveryChannel({ normalization, imageShape }: Job): string | null {
  const channels = imageShape[2];
  const { mean, std } = normalization;
  if (mean.length === channels && std.length === channels) return null;
  return `has ${mean.length} means and ${std.length} deviations; expected one of each per channel, of which there are ${channels}`;
}

function cropsWithin({ augmentation, imageShape }: Job): string | null {
  const smallest = Math.min(imageShape[0], imageShape[1]);
  if (augmentation === null || augmentation.cropPadding < smallest) return null;
  return `is ${augmentation.cropPadding}; expected below the image's size, ${smallest}`;
}
