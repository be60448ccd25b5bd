export { formError, jsonSchemaOf, readForm, type FormName, type Problem } from './forms/index.js';
export {
  jobJsonSchema,
  jobToForm,
  jobToYaml,
  loadJob,
  parseJob,
  rawJob,
  type ParseOptions,
} from './job/index.js';
export {
  createSocketServer,
  DEFAULT_LIMITS,
  GuardedServer,
  pathOf,
  type ConnectionLimits,
  type GuardedServerOptions,
  type ListeningServer,
  type ListenOptions,
  type SocketServer,
  type SocketServerOptions,
} from './sockets/index.js';
export {
  checkCertificate,
  createToken,
  nodeHash,
  sharedToken,
  TokenBook,
  verifyAnswer,
  type ListedToken,
} from './security/index.js';
export {
  finishedRun,
  resumableJob,
  runSigns,
  serveJob,
  serveReplay,
  type FinishedRun,
  type ReplayOptions,
  type ServedJob,
  type ServedReplay,
  type ServeOptions,
} from './hosting/index.js';
export { readText } from './files/index.js';
export {
  createRunFolder,
  openRunFolder,
  readRunFolder,
  RUN_FILES,
  runTraces,
  type RunContents,
  type RunFolder,
  type RunTraces,
} from './run-folder/index.js';
export {
  checkState,
  readState,
  STATE_FILES,
  StateDatabase,
  StateFolder,
  type RunSigns,
  type StateContents,
  type StateFolderOptions,
} from './state/index.js';
export { listenBare, type BareServer } from './bench/index.js';
