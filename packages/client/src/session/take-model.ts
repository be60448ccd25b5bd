import type { SparseModel } from '@espalier/core';
import { receiveModel } from './received-model.js';
import type { ReceivedModel, TaskContext } from './task-context.js';

/**
 * Loads the model of a message into the trainer. The values of a model that was sent to be measured are used up by the
 * next model.
 * @throws EspalierError as {@link receiveModel} and the trainer's `load`.
 */
export async function takeModel(context: TaskContext, model: SparseModel): Promise<ReceivedModel> {
  const { job, trainer, memory } = context;
  const received = receiveModel(job.graph, model, memory);
  memory.mask = received.mask;
  memory.measured = null;
  memory.pool = null;
  await trainer.load(job.graph, received, received.mask);
  return received;
}
