import { createNodeTrainer } from './node-trainer.js';

/** Makes the trainer inside a training thread, which imports this. */
export const createTrainer = createNodeTrainer;
