export { carriedShare, leastTrainingBytes, type Participant } from './carried-share.js';
export { type ClosedRound, type UpdateReader, closeRound } from './close-round.js';
export { checkCandidateLosses, checkCandidateMoments, checkEvaluation, checkUpdate } from './check-answer.js';
export { trainWork, type RoundRequests } from './train-work.js';
export { type GlobalModel, outgoingModel, globalModel } from './global-model.js';
export { prepare } from './first-model.js';
export { SubModels } from './sub-models.js';
