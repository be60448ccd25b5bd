/**
 * One round, from the model that goes out to the model that follows. The reducer in `protocol/` decides when each line
 * happens; `server/coordinator` moves the bytes; everything that counts is here and in the two rooms named.
 *
 *     begin     state, start ← prepare(job)                              first-model.ts
 *     select    pool ← drawPool; statistics ← mergeCandidates(clients)   candidates/
 *               model ← candidate of least loss (selectCandidate)        candidates/
 *     ask       due? requests ← rule.requests(context)                   mask-rules/, adjustment/
 *               part ← model as far as the device trains it              sub-models.ts, carried-share.ts
 *               send part and trainWork(job, round, requests)            train-work.ts
 *     answer    checkUpdate(trained − received, moments, gradients)      check-answer.ts
 *     close     update ← aggregate in partition order; moments merged    close-round.ts, round-parts.ts
 *               state ← state + server optimiser's step of the update    server-optimizer/
 *               due? mask ← rule.adjust(context, evidence)               mask-rules/, adjustment/
 *
 * Invariants, for every model that `closeRound` returns:
 *
 * 1. The same model, answers and rules give the same bits: sums run in float64 in partition order, whatever order the
 *    answers came in, and nothing here reads a clock or draws without a key.
 * 2. Only answers that `checkUpdate` let through count, each under the mask its client was sent or was asked to make.
 * 3. A weight that no client held keeps its value.
 * 4. An inactive weight is 0. One that an adjustment grows begins at the average of its holders, or at 0 where it had
 *    none; under a rule that rewinds, every weight begins again at its first value.
 * 5. The mask changes only where an adjustment is due, and then into its successor: one version higher, naming its
 *    parent's hash. The server optimiser's slots follow the weights they belong to.
 * 6. Sub-masks are nested and follow from the model alone, so that a coordinator that resumes sends the same parts.
 */
export { carriedShare, leastTrainingBytes, type Participant } from './carried-share.js';
export { type ClosedRound, type UpdateReader, closeRound } from './close-round.js';
export {
  checkCandidateLosses,
  checkCandidateMoments,
  checkEvaluation,
  checkUpdate,
  checkMeasurement,
} from './check-answer.js';
export { trainWork, type RoundRequests, measurementWork } from './train-work.js';
export { type GlobalModel, outgoingModel, globalModel, withMoments } from './global-model.js';
export { prepare } from './first-model.js';
export { SubModels } from './sub-models.js';
