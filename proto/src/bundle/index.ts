export { decodeBundle, encodeBundle, type ModelBundle } from './bundle.js';
export { modelHash } from './model-hash.js';
export { readBundleStream, type BundleStreamOptions } from './stream.js';
