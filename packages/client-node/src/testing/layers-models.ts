import { inputShape, sizeOf, type ModelGraph, type Trainer } from '@espalier/core';
import type { ImportedLayersModel } from '@espalier/core/formats';
import * as tf from '@tensorflow/tfjs';

/** A tfjs model as files hold it. */
export interface SavedModel {
  readonly modelJson: unknown;
  readonly weights: Uint8Array;
}

/** Numbers that are not special, the same on every run: a sine walk with an irrational step. */
export function walk(length: number, phase: number, centre = 0, reach = 1): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => centre + reach * Math.sin(phase + 2.399963 * i * (1 + (i % 7))),
  );
}

/** Gives every weight of a tfjs model a value that is not special; variances stay positive. */
export function unsettle(model: tf.LayersModel): tf.LayersModel {
  model.layers.forEach((layer, l) => {
    const values = layer.getWeights().map((weight, i) => {
      const role = layer.weights[i]?.originalName ?? '';
      const fanIn = weight.shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
      const positive = /variance|gamma/.test(role);
      const reach = weight.rank === 1 ? 0.3 : Math.sqrt(3 / fanIn);
      return tf.tensor(walk(weight.size, l + i / 8, positive ? 1 : 0, reach), weight.shape);
    });
    layer.setWeights(values);
    values.forEach((value) => {
      value.dispose();
    });
  });
  return model;
}

/** Returns the result of `model.save` after a trip through JSON text. */
export async function savedModel(model: tf.LayersModel): Promise<SavedModel> {
  const saved: SavedModel[] = [];
  await model.save(
    tf.io.withSaveHandler(({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      const text = JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest });
      saved.push({
        modelJson: JSON.parse(text) as unknown,
        weights: new Uint8Array(weightData as ArrayBuffer),
      });
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
  );
  const [first] = saved;
  if (first === undefined) throw new Error('the model was not saved');
  return first;
}

/** The model that plain tfjs loads from files. */
export async function loadedByTfjs({ modelJson, weights }: SavedModel): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest, userDefinedMetadata } = JSON.parse(
    JSON.stringify(modelJson),
  ) as tf.io.ModelJSON;
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  return tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs,
      weightData: weights.slice().buffer,
      ...(userDefinedMetadata === undefined ? {} : { userDefinedMetadata }),
    }),
  );
}

/** Some images for a graph. */
export function someImages(graph: ModelGraph, size: number): Float32Array {
  return walk(size * sizeOf(inputShape(graph)), 0.5, 0.1, 1.5);
}

/** Returns tfjs's predictions for images. */
export function predictionsOf(model: tf.LayersModel, images: Float32Array, size: number): Float32Array {
  return tf.tidy(() => {
    const shape = (model.inputs[0]?.shape ?? []).slice(1).map(Number);
    const output = model.predict(tf.tensor(images, [size, ...shape])) as tf.Tensor;
    return output.dataSync().slice() as Float32Array;
  });
}

/** Returns our predictions of an imported model; with a softmax, if it came with one. */
export async function predictionsHere(
  trainer: Trainer,
  { graph, state, softmax }: Pick<ImportedLayersModel, 'graph' | 'state' | 'softmax'>,
  size: number,
): Promise<Float32Array> {
  await trainer.load(graph, state, null);
  const images = someImages(graph, size);
  const logits = await trainer.predict({ images, labels: new Uint16Array(size), size });
  if (!softmax) return logits;
  return tf.tidy(
    () =>
      tf
        .softmax(tf.tensor(logits, [size, logits.length / size]))
        .dataSync()
        .slice() as Float32Array,
  );
}

/** The largest difference, relative to values above 1. */
export function worstDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((worst, value, i) => {
    const other = b[i] ?? NaN;
    const difference = Math.abs(value - other) / Math.max(1, Math.abs(other));
    return Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }, 0);
}
