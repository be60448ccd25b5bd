export { createNodeTrainer, type NodeTrainerOptions } from './node-trainer.js';
export { createThreadTrainer } from './thread-trainer.js';
