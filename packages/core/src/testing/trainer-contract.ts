import { describe } from '@jest/globals';
import { evaluationContract } from './trainer-contract-evaluation.js';
import { failureContract } from './trainer-contract-failures.js';
import type { MakeTrainer, TrainerContractOptions } from './trainer-contract-fixtures.js';
import { gradientContract } from './trainer-contract-gradients.js';
import { loadingContract } from './trainer-contract-loading.js';
import { momentContract } from './trainer-contract-moments.js';
import { topGradientContract } from './trainer-contract-top-gradients.js';
import { trainingContract } from './trainer-contract-training.js';

/**
 * Tests for the promises of every {@link Trainer}; call it once per trainer, at the top of a test file.
 * Numbers are judged against a double-precision reference of the graph language and its central differences.
 */
export function trainerContract(
  name: string,
  makeTrainer: MakeTrainer,
  options: TrainerContractOptions,
): void {
  describe(`trainer ${name}`, () => {
    gradientContract(makeTrainer, options);
    trainingContract(makeTrainer, options);
    topGradientContract(makeTrainer);
    momentContract(makeTrainer, options);
    evaluationContract(makeTrainer, options);
    loadingContract(makeTrainer);
    failureContract(makeTrainer);
  });
}
