import type {
  Augmentation,
  Extrusion,
  MomentMode,
  Optimizer,
  TopGradientRequest,
  TrainWork,
} from '@espalier/core';
import { v1 } from '../wire.js';
import { layerAt, positionOf, type WireContext } from './context.js';
import { malformed } from '../failure.js';
import { atLeastOne, nonNegative, required, toUint32 } from './numbers.js';

/** One round's hyper-parameters. */
export function encodeWork(work: TrainWork, context: WireContext): v1.TrainWork.$Properties {
  return {
    epochs: toUint32(work.epochs, 'epochs'),
    batchSize: toUint32(work.batchSize, 'batch size'),
    learningRate: work.learningRate,
    optimizer: encodeOptimizer(work.optimizer),
    augmentation: encodeAugmentation(work.augmentation),
    momentMode: work.momentMode === null ? null : encodeMomentMode(work.momentMode),
    proximal: work.proximal,
    topGradients: work.topGradients.map(({ layer, count }) => ({
      layer: positionOf(context, layer),
      count: toUint32(count, 'top gradients'),
    })),
    readjustment: work.readjustment ?? null,
    extrusion: work.extrusion === undefined ? null : encodeExtrusion(work.extrusion, context),
  };
}

/** @throws EspalierError `malformed_message`, `not_finite`. */
export function decodeWork(wire: v1.TrainWork.$Shape | null | undefined, context: WireContext): TrainWork {
  const work = required(wire, 'the work');
  const { readjustment = null, extrusion = null } = work;
  return {
    epochs: work.epochs ?? 0,
    batchSize: atLeastOne(work.batchSize, 'batch size'),
    learningRate: nonNegative(work.learningRate, 'learning rate'),
    optimizer: decodeOptimizer(work.optimizer),
    augmentation: decodeAugmentation(work.augmentation),
    momentMode: work.momentMode ? decodeMomentMode(work.momentMode) : null,
    proximal: nonNegative(work.proximal, 'proximal'),
    topGradients: (work.topGradients ?? []).map((request) => decodeRequest(request, context)),
    ...(readjustment === null ? {} : { readjustment: decodeReadjustment(readjustment) }),
    ...(extrusion === null ? {} : { extrusion: decodeExtrusion(extrusion, context) }),
  };
}

function decodeReadjustment(share: number): number {
  if (share > 0 && share <= 1) return share;
  throw malformed(`a readjustment of ${share}; expected a share above 0 and at most 1`);
}

function encodeExtrusion(extrusion: Extrusion, context: WireContext): v1.Extrusion.$Properties {
  const { penalty, peakLearningRate, maximumLearningRate, share, layers } = extrusion;
  const positions = layers.map((layer) => positionOf(context, layer));
  return { penalty, peakLearningRate, maximumLearningRate, share, layers: positions };
}

function decodeExtrusion(wire: v1.Extrusion.$Shape, context: WireContext): Extrusion {
  const { layers = [] } = wire;
  if (layers.some((position, i) => i > 0 && position <= layers[i - 1]!)) {
    throw malformed('the layers of an extrusion are not in ascending order');
  }
  const share = nonNegative(wire.share, 'extrusion share');
  if (share > 1) throw malformed(`an extrusion of a share of ${share}; expected at most 1`);
  return {
    penalty: nonNegative(wire.penalty, 'extrusion penalty'),
    peakLearningRate: nonNegative(wire.peakLearningRate, 'peak learning rate'),
    maximumLearningRate: nonNegative(wire.maximumLearningRate, 'maximum learning rate'),
    share,
    layers: layers.map((position) => layerAt(context, position).name),
  };
}

/** Writes the way to obtain statistics from training. */
export function encodeMomentMode(mode: MomentMode): v1.MomentMode.$Properties {
  if (mode.kind === 'pooled') return { pooled: {} };
  return { ema: { momentum: mode.momentum, passes: toUint32(mode.passes, 'passes') } };
}

/** @throws EspalierError `malformed_message`, `not_finite`. */
export function decodeMomentMode(wire: v1.MomentMode.$Shape | null | undefined): MomentMode {
  const mode = required(wire, 'the moment mode');
  switch (mode.kind) {
    case 'pooled':
      return { kind: 'pooled' };
    case 'ema':
      return {
        kind: 'ema',
        momentum: nonNegative(mode.ema.momentum, 'momentum'),
        passes: mode.ema.passes ?? 0,
      };
    case undefined:
      throw malformed('the moment mode is of no kind');
  }
}

function encodeOptimizer(optimizer: Optimizer): v1.Optimizer.$Properties {
  switch (optimizer.kind) {
    case 'sgd':
      return { sgd: { momentum: optimizer.momentum, weightDecay: optimizer.weightDecay } };
    case 'adam': {
      const { beta1, beta2, epsilon, weightDecay } = optimizer;
      return { adam: { beta1, beta2, epsilon, weightDecay } };
    }
  }
}

function decodeOptimizer(wire: v1.Optimizer.$Shape | null | undefined): Optimizer {
  const optimizer = required(wire, 'the optimizer');
  switch (optimizer.kind) {
    case 'sgd':
      return {
        kind: 'sgd',
        momentum: nonNegative(optimizer.sgd.momentum, 'momentum'),
        weightDecay: nonNegative(optimizer.sgd.weightDecay, 'weight decay'),
      };
    case 'adam':
      return {
        kind: 'adam',
        beta1: nonNegative(optimizer.adam.beta1, 'beta1'),
        beta2: nonNegative(optimizer.adam.beta2, 'beta2'),
        epsilon: nonNegative(optimizer.adam.epsilon, 'epsilon'),
        weightDecay: nonNegative(optimizer.adam.weightDecay, 'weight decay'),
      };
    case undefined:
      throw malformed('the optimizer is of no kind');
  }
}

function encodeAugmentation(augmentation: Augmentation | null): v1.Augmentation.$Properties | null {
  if (augmentation === null) return null;
  return { cropPadding: toUint32(augmentation.cropPadding, 'crop padding'), flip: augmentation.flip };
}

function decodeAugmentation(wire: v1.Augmentation.$Shape | null | undefined): Augmentation | null {
  if (wire === null || wire === undefined) return null;
  return { cropPadding: wire.cropPadding ?? 0, flip: wire.flip ?? false };
}

function decodeRequest(wire: v1.TopGradientRequest.$Shape, context: WireContext): TopGradientRequest {
  const { name, size } = layerAt(context, wire.layer);
  const count = wire.count ?? 0;
  if (count > size) throw malformed(`${count} top gradients of the ${size} weights of ${name}`);
  return { layer: name, count };
}
