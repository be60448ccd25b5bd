export { connectSocket, type ConnectOptions } from './sockets/index.js';
export {
  answerChallenge,
  canaryGradients,
  runClient,
  type ClientData,
  type ClientOptions,
  type ClientReport,
  type ReceivedModel,
  type RunningClient,
  type Scheduler,
  type SharedResources,
} from './session/index.js';
