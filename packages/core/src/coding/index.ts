export {
  decodeIndices,
  encodeIndices,
  INDEX_CODINGS,
  type EncodedIndices,
  type IndexCoding,
} from './indices.js';
export { riceFormulaBits, riceParameter } from './rice.js';
export { fromFloat16, toFloat16 } from './float16.js';
export { decodeValues, encodeValues, type ValueCoding } from './values.js';
