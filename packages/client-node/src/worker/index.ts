export { createWorkerTrainer } from './worker-trainer.js';
export type { TrainerSpec } from './trainer-factory.js';
