import { createNodeTrainer } from './node-trainer.js';

/** What a training thread imports: makes the trainer inside the thread. */
export const createTrainer = createNodeTrainer;
