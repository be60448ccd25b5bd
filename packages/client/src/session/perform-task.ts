import type { TrainControl } from '@espalier/core';
import type { ClientMessage, ClientTask } from '@espalier/core/protocol';
import { proveBackend } from './canary-task.js';
import { measureModel } from './measure-task.js';
import { candidateLosses, candidateMoments } from './selection-task.js';
import type { TaskContext } from './task-context.js';
import { evaluateFinal, trainRound } from './train-task.js';

/**
 * Does one task and gives the answer to send.
 * @throws EspalierError `mask_mismatch` when the mask must be sent whole, or whatever the trainer throws.
 */
export function performTask(
  context: TaskContext,
  task: ClientTask,
  control: TrainControl,
): Promise<ClientMessage> {
  switch (task.kind) {
    case 'canary':
      return proveBackend(context.trainer, task.message.canary);
    case 'moments':
      return candidateMoments(context, task.message);
    case 'losses':
      return candidateLosses(context, task.message.candidates);
    case 'measure':
      return measureModel(context, task.message);
    case 'train':
      return trainRound(context, task.message, control);
    case 'evaluate':
      return evaluateFinal(context, task.message);
  }
}
