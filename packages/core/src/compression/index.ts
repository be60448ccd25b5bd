export { ACCESS_LEVELS, accessNeeded, checkAccess, type DataAccess, type NeedyPlugin } from './access.js';
export { agreementOf, type Agreement } from './agreement.js';
export { checkClientAccess, compressionCandidates, type CompressionCandidates } from './candidates.js';
export {
  checkOptions,
  compressModel,
  type ChannelPruning,
  type CompressedNetwork,
  type CompressInput,
  type CompressOptions,
  type Rounding,
} from './compress-model.js';
export type { WeightPruning } from './prune-weights.js';
export { repairNamed, repairs, type Repair, type RepairNeed } from './repairs.js';
export { noise, syntheticImages, type SyntheticOptions } from './synthetic-images.js';
