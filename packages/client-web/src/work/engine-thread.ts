import { runEngineThread, type EngineThreadTask } from '@espalier/engine';

/** A thread that works for an engine in another worker. */
self.onmessage = ({ data }: MessageEvent<EngineThreadTask>) => {
  void runEngineThread(data, () => {
    self.postMessage('ready');
  });
};
