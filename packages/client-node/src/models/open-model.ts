import {
  buildModel,
  EspalierError,
  inputShape,
  numClasses,
  type Job,
  type ModelGraph,
  type ModelSpec,
  type ModelState,
} from '@espalier/core';
import { methodNamed, narrowModel } from '@espalier/core/methods';
import { readLayersModel } from './read-layers-model.js';

/** A job's network and the weights it begins with; null draws them by the job's seed. */
export interface OpenedModel {
  readonly graph: ModelGraph;
  readonly initial: ModelState | null;
}

/** Part of a job that determines which network it trains. */
export type ModelJob = Pick<Job, 'model' | 'imageShape'> & Partial<Pick<Job, 'method' | 'targetDensity'>>;

/**
 * The job's network: from the zoo, or read from the user's file.
 * @throws EspalierError `invalid_job` when the file's network takes other images or gives another number of classes;
 *   `op_unsupported` naming every layer that cannot be read; `invalid_data`, `storage`.
 */
export async function openModel(job: ModelJob, classes: number): Promise<OpenedModel> {
  const { model, imageShape } = job;
  if ('name' in model)
    return { graph: buildModel(networkOf(model, job, classes), imageShape, classes), initial: null };
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

/** The network named, or the narrower one that the method trains in its place. */
function networkOf(
  model: ModelSpec,
  { imageShape, method, targetDensity }: ModelJob,
  classes: number,
): ModelSpec {
  if (method === undefined || targetDensity === undefined) return model;
  if (methodNamed(method).network === 'given') return model;
  return narrowModel(model, { imageShape, classes }, targetDensity);
}
