export { carriedShare, leastTrainingBytes, type Participant } from './carried-share.js';
export { type ClosedRound, type UpdateReader, closeRound, type UpdateSummary } from './close-round.js';
export {
  checkCandidateLosses,
  checkCandidateMoments,
  checkEvaluation,
  checkMeasurement,
  checkUpdate,
} from './check-answer.js';
export { measurementWork, trainWork, type RoundWishes } from './train-work.js';
export { type GlobalModel, outgoingModel, globalModel, withMoments } from './global-model.js';
export { prepare } from './first-model.js';
export { SubModels } from './sub-models.js';
