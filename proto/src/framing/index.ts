export { BufferPool } from './buffer-pool.js';
export { openChannel, type Channel, type ChannelHandlers, type ChannelOptions } from './channel.js';
export { FrameAssembler, type FrameTools, type UnfinishedTransfer } from './frame-assembler.js';
export {
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_MAX_MESSAGE_BYTES,
  MIN_FRAME_BYTES,
  type FrameLimits,
} from './frame-limits.js';
export {
  memoryConnectionPair,
  memoryLine,
  type Carry,
  type LineEndOptions,
  type MemoryLine,
  type Schedule,
} from './memory-connection.js';
export { PreparedMessage } from './prepared-message.js';
export { portableHash, type HashMaker, type StreamingHash } from './running-digest.js';
export { splitFrames, type SplitOptions, type TransferOffer } from './split-frames.js';
