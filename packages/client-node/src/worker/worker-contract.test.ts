import { join } from 'node:path';
import { describe } from '@jest/globals';
import { failureContract, loadingContract } from '@espalier/core/testing';
import { createWorkerTrainer } from './worker-trainer.js';

/**
 * Parts of the contract that a thread could break; the numbers are the engine's own, and its suite checks
 * them.
 */
describe('the engine on a thread', () => {
  const spec = { kind: 'module', module: join(__dirname, '../testing/engine-trainer.mjs') } as const;
  const makeTrainer = () => createWorkerTrainer({ spec });
  loadingContract(makeTrainer);
  failureContract(makeTrainer);
});
