export { decodeBundle, encodeBundle, type ModelBundle } from './bundle.js';
export { modelHash } from './model-hash.js';
