import {
  buildModel,
  EspalierError,
  inputShape,
  numClasses,
  type Job,
  type ModelGraph,
  type ModelState,
} from '@espalier/core';
import { readLayersModel } from './read-layers-model.js';

/** A job's network and the weights it begins with; null draws them by the job's seed. */
export interface OpenedModel {
  readonly graph: ModelGraph;
  readonly initial: ModelState | null;
}

/**
 * The job's network: from the zoo, or read from the user's file.
 * @throws EspalierError `invalid_job` when the file's network takes other images or gives another number of classes;
 *   `op_unsupported` naming every layer that cannot be read; `invalid_data`, `storage`.
 */
export async function openModel(
  { model, imageShape }: Pick<Job, 'model' | 'imageShape'>,
  classes: number,
): Promise<OpenedModel> {
  if ('name' in model) return { graph: buildModel(model, imageShape, classes), initial: null };
  const { graph, state } = await readLayersModel(model.file);
  if (String(inputShape(graph)) !== String(imageShape)) {
    throw new EspalierError(
      'invalid_job',
      `${model.file} takes [${String(inputShape(graph))}], the job's images are [${String(imageShape)}]: set imageSize and channels`,
    );
  }
  if (numClasses(graph) !== classes) {
    throw new EspalierError(
      'invalid_job',
      `${model.file} tells ${numClasses(graph)} classes apart, the data have ${classes}: change its last layer, or the data`,
    );
  }
  return { graph, initial: model.weights === 'keep' ? state : null };
}
