import { serveTrainer, type CallMessage } from '@espalier/client/remote';
import { chooseBackend, createTfjsTrainer, importedBackend } from '@espalier/client/tfjs';
import { fromText, toText } from './plain-wire.js';

/** Trainers on the page's GPU, asked from the test; see `webgpu-contract.suite.ts`. */
const desks = new Map<number, (message: CallMessage) => void>();

declare global {
  // Bound by the test.
  function tell(id: number, text: string): Promise<void>;
  function openTrainer(id: number): Promise<void>;
  function take(id: number, text: string): void;
}

globalThis.openTrainer = async (id) => {
  const load = (): Promise<unknown> => import('@tensorflow/tfjs-backend-webgpu');
  const make = async () => {
    await chooseBackend([importedBackend({ name: 'webgpu', backend: 'webgpu', install: '', load })]);
    return createTfjsTrainer({ backend: 'webgpu' });
  };
  desks.set(id, await serveTrainer(make, (message) => void globalThis.tell(id, toText(message))));
};
globalThis.take = (id, text) => desks.get(id)?.(fromText(text) as CallMessage);
document.title = 'ready';
