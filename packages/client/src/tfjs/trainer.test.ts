import { trainerContract } from '@espalier/core/testing';
import { createTfjsTrainer } from './index.js';

trainerContract('tfjs-wasm', () => createTfjsTrainer({ backend: 'wasm' }), { tolerance: 1e-4 });
trainerContract('tfjs-cpu', () => createTfjsTrainer({ backend: 'cpu' }), { tolerance: 1e-4 });
