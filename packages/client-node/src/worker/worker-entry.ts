/**
 * Entry of a training thread: one trainer that answers one call at a time. Started by `createWorkerTrainer`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { serveTrainer, type CallMessage } from '@espalier/client/remote';
import { makeTrainer, type TrainerSpec } from './trainer-factory.js';

const early: CallMessage[] = [];
let take = (message: CallMessage): void => {
  early.push(message);
};
parentPort?.on('message', (message: CallMessage) => {
  take(message);
});
take = await serveTrainer(
  () => makeTrainer(workerData as TrainerSpec),
  (message) => {
    parentPort?.postMessage(message);
  },
);
early.forEach(take);
