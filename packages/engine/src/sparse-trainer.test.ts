import { trainerContract } from '@espalier/core/testing';
import { createSparseTrainer } from './sparse-trainer.js';

trainerContract('engine', () => createSparseTrainer(), { tolerance: 1e-4 });
trainerContract('engine without recomputation', () => createSparseTrainer({ recompute: false }), {
  tolerance: 1e-4,
});
