/** The engine for tests of the training thread, without the other trainers, whose libraries take a second to load. */
export { createSparseTrainer as createTrainer } from '@espalier/engine';
