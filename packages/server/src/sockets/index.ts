export { DEFAULT_LIMITS, type ConnectionLimits } from './limits.js';
export {
  createSocketServer,
  type ListeningServer,
  type ListenOptions,
  type SocketServer,
  type SocketServerOptions,
} from './socket-server.js';
