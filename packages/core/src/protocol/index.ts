export type { ConnectionHandlers, FrameConnection, Traffic } from './connection.js';
export {
  PROTOCOL_VERSION,
  type Canary,
  type ClientJob,
  type ClientMessage,
  type ClientUpdate,
  type DeviceProfile,
  type MaskDeltaLayer,
  type MaskReference,
  type MaskUpdate,
  type NestedPool,
  type ServerMessage,
  type SparseModel,
  type TrainWork,
  type UpdateMetrics,
} from './messages.js';
