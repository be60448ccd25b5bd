export { createNodeTrainer, type NodeTrainerOptions } from './node-trainer.js';
export { createThreadTrainer } from './thread-trainer.js';
export {
  chooseTrainer,
  describeTrainers,
  nodeTrainers,
  openEngine,
  type TrainerCandidate,
  type TrainerCandidateOptions,
  type TrainerChoice,
  type TrainerReport,
} from './trainer-candidates.js';
