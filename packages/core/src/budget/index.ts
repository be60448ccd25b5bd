export { byteTerms } from './byte-terms.js';
export {
  costLedger,
  type ClientRound,
  type CostTerm,
  type LayerChange,
  type MaskDelivery,
} from './cost-ledger.js';
export {
  analyticMemoryBytes,
  analyticRoundBytes,
  analyticRoundMacs,
  type AnalyticRound,
  type LocalWork,
} from './cost-model.js';
export { macTerms } from './mac-terms.js';
export { forwardMacs, trainMacs, wholeGradientMacs, type MacCount, type TrainMacCount } from './macs.js';
export {
  activationBytes,
  activationGradientBytes,
  trainingBytes,
  type TrainingBytes,
  type TrainingMemoryOptions,
} from './memory.js';
export { modelBytes, storageBits, storageFormat, type StorageFormat } from './storage.js';
export type { DeviceProfile } from './device-profile.js';
