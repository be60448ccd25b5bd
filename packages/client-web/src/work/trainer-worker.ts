/** Entry of a tab's training thread: the first message chooses the trainer, the rest are calls. */
import { serveTrainer, type CallMessage } from '@espalier/client/remote';
import type { TrainerChoice } from './backends.js';
import { makeTrainer } from './make-trainer.js';

self.onmessage = ({ data: choice }: MessageEvent<TrainerChoice>) => {
  const early: CallMessage[] = [];
  self.onmessage = ({ data }: MessageEvent<CallMessage>) => {
    early.push(data);
  };
  void serveTrainer(
    () => makeTrainer(choice),
    (message) => {
      self.postMessage(message);
    },
  ).then((take) => {
    self.onmessage = ({ data }: MessageEvent<CallMessage>) => {
      take(data);
    };
    early.forEach(take);
  });
};
