export { DEFAULT_LIMITS, type ConnectionLimits } from './limits.js';
export { GuardedServer, type GuardedServerOptions } from './guarded-server.js';
export type { ListenOptions } from './listening.js';
export { pathOf } from './request-target.js';
export {
  createSocketServer,
  type ListeningServer,
  type SocketServer,
  type SocketServerOptions,
} from './socket-server.js';
