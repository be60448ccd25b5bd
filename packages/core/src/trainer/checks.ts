import type { Batch } from '../data/batches.js';
import { checkDataset, datasetSize, type Dataset } from '../data/dataset.js';
import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { inputShape, numClasses, sizeOf } from '../graph/shapes.js';
import { maskableSpecs } from '../graph/parameters.js';
import type { Extrusion, TopGradientRequest, TrainOptions } from './trainer.js';

/**
 * Checks that the network can read the data set: image shape, labels, at least one sample. A network whose input is
 * `[features]` takes images of as many values.
 * @throws EspalierError `invalid_data`, `input_shape`.
 */
export function checkTrainable(graph: ModelGraph, dataset: Dataset): void {
  checkDataset(dataset);
  if (datasetSize(dataset) === 0)
    throw new EspalierError('invalid_data', 'the data set is empty; give it a sample');
  const expected = inputShape(graph);
  const same =
    expected.length === 3
      ? String(dataset.imageShape) === String(expected)
      : sizeOf(dataset.imageShape) === sizeOf(expected);
  if (!same) {
    throw new EspalierError(
      'input_shape',
      `the images are [${String(dataset.imageShape)}], ${graph.name} takes [${String(expected)}]; resize the images`,
    );
  }
  if (dataset.classes.length > numClasses(graph)) {
    throw new EspalierError(
      'invalid_data',
      `the data set has ${String(dataset.classes.length)} classes, ${graph.name} tells ${String(numClasses(graph))} apart`,
    );
  }
}

/**
 * Checks a batch against the network.
 * @throws EspalierError `input_shape` when it does not hold `size` images, `invalid_data` on a label out of range.
 */
export function checkBatch(graph: ModelGraph, batch: Batch): void {
  const stride = sizeOf(inputShape(graph));
  if (batch.size < 1 || batch.images.length !== batch.size * stride || batch.labels.length !== batch.size) {
    throw new EspalierError(
      'input_shape',
      `a batch of ${String(batch.size)} has ${String(batch.images.length)} values and ${String(batch.labels.length)} ` +
        `labels; ${graph.name} takes ${String(stride)} values and one label a sample`,
    );
  }
  const classes = numClasses(graph);
  const stray = batch.labels.find((label) => label >= classes);
  if (stray !== undefined) {
    throw new EspalierError(
      'invalid_data',
      `label ${String(stray)} is not one of ${String(classes)} classes`,
    );
  }
}

/**
 * Checks the numbers of a training run.
 * @throws EspalierError `invalid_argument` naming the option, its value and the values allowed.
 */
export function checkTrainOptions(graph: ModelGraph, options: TrainOptions): void {
  const { epochs, batchSize, learningRate, proximal, optimizer, momentMode } = options;
  check('epochs', epochs, wholeFromOne(epochs), 'a whole number of at least 1');
  check('batchSize', batchSize, wholeFromOne(batchSize), 'a whole number of at least 1');
  check('learningRate', learningRate, notNegative(learningRate), 'at least 0');
  check('proximal', proximal, notNegative(proximal), 'at least 0');
  check('weightDecay', optimizer.weightDecay, notNegative(optimizer.weightDecay), 'at least 0');
  if (optimizer.kind === 'sgd') checkFraction('momentum', optimizer.momentum);
  else {
    checkFraction('beta1', optimizer.beta1);
    checkFraction('beta2', optimizer.beta2);
    check('epsilon', optimizer.epsilon, optimizer.epsilon > 0, 'above 0');
  }
  if (momentMode.kind === 'ema') checkKept(momentMode.momentum);
  checkTopGradientRequests(graph, options.topGradients);
  if (options.extrusion) checkExtrusion(graph, options.extrusion);
}

function checkExtrusion(graph: ModelGraph, extrusion: Extrusion): void {
  const { penalty, peakLearningRate, maximumLearningRate, share, layers } = extrusion;
  check('extrusion.penalty', penalty, notNegative(penalty), 'at least 0');
  check('extrusion.peakLearningRate', peakLearningRate, notNegative(peakLearningRate), 'at least 0');
  check('extrusion.maximumLearningRate', maximumLearningRate, notNegative(maximumLearningRate), 'at least 0');
  check('extrusion.share', share, share >= 0 && share <= 1, 'in [0, 1]');
  checkTopGradientRequests(
    graph,
    layers.map((layer) => ({ layer, count: 0 })),
  );
}

/** @throws EspalierError `invalid_argument` on a layer that is not maskable, asked for twice, or a bad count. */
export function checkTopGradientRequests(graph: ModelGraph, requests: readonly TopGradientRequest[]): void {
  const maskable = new Set(maskableSpecs(graph).map(({ name }) => name));
  const seen = new Set<string>();
  for (const { layer, count } of requests) {
    check('topGradients', layer, maskable.has(layer), `a maskable parameter of ${graph.name}`);
    check('topGradients', layer, !seen.has(layer), 'asked for once');
    check(
      `count of ${layer}`,
      count,
      Number.isSafeInteger(count) && count >= 0,
      'a whole number of at least 0',
    );
    seen.add(layer);
  }
}

/** @throws EspalierError `invalid_argument` unless the kept fraction of an exponential average is in [0, 1]. */
export function checkKept(momentum: number): void {
  check('momentMode.momentum', momentum, momentum >= 0 && momentum <= 1, 'in [0, 1]');
}

function checkFraction(name: string, value: number): void {
  check(name, value, value >= 0 && value < 1, 'at least 0 and below 1');
}

function wholeFromOne(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

function notNegative(value: number): boolean {
  return value >= 0 && Number.isFinite(value);
}

function check(name: string, value: number | string, holds: boolean, expected: string): void {
  if (!holds)
    throw new EspalierError('invalid_argument', `${name} is ${String(value)}; it must be ${expected}`);
}
