/** A trainer on another thread, whatever the platform calls its threads: a door of its own. */
export type { CallMessage, ThreadMessage } from './calls.js';
export { createRemoteTrainer } from './remote-trainer.js';
export { serveTrainer, type Tell } from './serve-trainer.js';
export type { TrainerPort } from './trainer-link.js';
