export type { FloatMemory } from './arrays.js';
export { wireContext, type WireContext } from './context.js';
export { decodeClientMessage, decodeStoredUpdate, encodeClientMessage } from './client-message.js';
export { decodeServerMessage, encodeServerMessage } from './server-message.js';
export { messageBytesBound } from './message-bound.js';
