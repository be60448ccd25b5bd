import { parentPort, workerData } from 'node:worker_threads';
import { runEngineThread, type EngineThreadTask } from '@espalier/engine';

/** A thread that works for an engine in another one; see {@link startEngineThread}. */
await runEngineThread(workerData as EngineThreadTask, () => {
  parentPort?.postMessage('ready');
});
