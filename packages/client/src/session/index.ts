export { canaryGradients } from './canary-task.js';
export {
  runClient,
  type ClientOptions,
  type ClientReport,
  type RunningClient,
  type Scheduler,
  type SharedResources,
} from './run-client.js';
export type { ClientData, ReceivedModel } from './task-context.js';
export { answerChallenge } from './answer.js';
