import type {
  Job,
  LearningRateSpec,
  ModelMoments,
  MomentMode,
  Normalization,
  Optimizer,
} from '@espalier/core';
import type { JobForm } from './schema.js';
import {
  heterogeneousSettings,
  modelMomentSettings,
  optimizerSettings,
  poolMomentSettings,
} from './sections.js';
import { trainsDensely } from './vocabulary.js';

/** Channel figures of CIFAR-10's training images. */
const CIFAR10: Normalization = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };
const GREY: Normalization = { mean: [0.5], std: [0.25] };

/** Most candidates a pool has by default: at density 0.001 their statistics already outweigh the model. */
const POOL_CAP = 100;

/** The job that a form means: shorthands spelled out, and every default that hangs on another field filled in. */
export function resolveJob(form: JobForm): Job {
  const { model, preset, pool, pruning, mask, pretrain, clientsPerRound, imageSize, channels, ...rest } =
    form;
  const [height, width] = typeof imageSize === 'number' ? [imageSize, imageSize] : imageSize;
  const learningRate = learningRateOf(form);
  const targetDensity = form.targetDensity ?? (trainsDensely(form.method) ? 1 : 0.1);
  return {
    ...rest,
    model: typeof model === 'string' ? { name: model, width: null } : model,
    imageShape: [height, width, channels],
    normalization: form.normalization ?? (channels === 3 ? CIFAR10 : GREY),
    augmentation: augmentationOf(form, Math.min(height, width)),
    adjustmentQuorum: form.adjustmentQuorum ?? form.quorum,
    clientsPerRound: clientsPerRound ?? form.numClients,
    learningRate,
    optimizer: optimizerOf(form.optimizer),
    momentMode: modelMomentsOf(form.momentMode),
    targetDensity,
    pool: {
      ...pool,
      size: poolSizeOf(pool.size, targetDensity),
      momentMode: poolMomentsOf(pool.momentMode),
    },
    pruning: { ...pruning, stopRound: pruning.stopRound ?? Math.min(100, form.rounds) },
    mask,
    aggregation: aggregationOf(form),
    serverOptimizer: serverOptimizerOf(form),
    heterogeneous: heterogeneousOf(form),
    pretrain: { ...pretrain, learningRate: pretrain.learningRate ?? learningRate.initial },
  };
}

/** The published 0.1 ÷ density is 1 or 2 from density 0.05 on, too few to choose from unless that is wished. */
function poolSizeOf(size: JobForm['pool']['size'], density: number): number {
  if (typeof size === 'number') return size;
  const published = Math.ceil(Number((0.1 / density).toPrecision(12)));
  return Math.min(POOL_CAP, Math.max(size === 'published' ? 1 : 10, published));
}

/** Collects the settings that are not common to all rules as the chosen rule's options. */
function aggregationOf({ aggregation }: JobForm): Job['aggregation'] {
  const { kind, weighting, clip, ...options } = aggregation;
  return { kind, weighting, clip, options };
}

function serverOptimizerOf({ serverOptimizer }: JobForm): Job['serverOptimizer'] {
  const { kind, ...options } = serverOptimizer;
  return { kind, options };
}

function heterogeneousOf({ heterogeneous }: JobForm): Job['heterogeneous'] {
  if (heterogeneous === 'off') return null;
  const { shares, roundSeconds } =
    heterogeneous === 'nested' ? heterogeneousSettings.parse({ kind: heterogeneous }) : heterogeneous;
  return { shares, roundSeconds };
}

function learningRateOf({ learningRate, optimizer }: JobForm): LearningRateSpec {
  if (typeof learningRate === 'object') return learningRate;
  if (learningRate !== undefined) return { kind: 'constant', initial: learningRate };
  // A run that ends with small steps ends near a minimum; `new` writes the same.
  return optimizerOf(optimizer).kind === 'adam'
    ? { kind: 'cosine', initial: 0.001, final: 0.0001 }
    : { kind: 'cosine', initial: 0.05, final: 0.005 };
}

function optimizerOf(optimizer: JobForm['optimizer']): Optimizer {
  return typeof optimizer === 'object' ? optimizer : optimizerSettings.parse({ kind: optimizer });
}

function modelMomentsOf(mode: JobForm['momentMode']): ModelMoments {
  return typeof mode === 'object' ? mode : modelMomentSettings.parse({ kind: mode });
}

function poolMomentsOf(mode: JobForm['pool']['momentMode']): MomentMode {
  return typeof mode === 'object' ? mode : poolMomentSettings.parse({ kind: mode });
}

/** Photographs are cropped by an eighth and mirrored; a mirrored digit is another sign, so grey images are not. */
function augmentationOf({ augmentation, data, channels }: JobForm, size: number): Job['augmentation'] {
  if (augmentation !== undefined) return augmentation;
  if (data.kind === 'procedural') return null;
  return { cropPadding: Math.floor(size / 8), flip: channels === 3 };
}
