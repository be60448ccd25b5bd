export { dirichlet } from './dirichlet.js';
export { cos, exp, ln, pow, sin } from './elementary.js';
export { normalSource } from './normal.js';
export { randomStream, shuffled, type RandomStream, type StreamKey } from './stream.js';
