export {
  decodeIndices,
  encodeIndices,
  INDEX_CODINGS,
  type EncodedIndices,
  type IndexCoding,
} from './indices.js';
export { riceFormulaBits, riceParameter } from './rice.js';
