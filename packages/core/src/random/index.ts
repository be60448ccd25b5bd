export { randomStream, shuffled, type RandomStream, type StreamKey } from './stream.js';
