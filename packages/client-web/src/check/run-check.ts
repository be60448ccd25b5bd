import type { CheckRequest } from './check-worker.js';
import type { DeviceReport } from './device-check.js';

/** Checks this device in a worker that ends with it; the memory it took is free again. */
export function runCheck(request: CheckRequest): Promise<DeviceReport> {
  const worker = new Worker(new URL('./check-worker.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<DeviceReport>) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = ({ message }) => {
      worker.terminate();
      const problem = `The check did not come to an end (${message}). Reload the page, or try another browser.`;
      resolve({
        backend: request.choice.backend,
        problem,
        memoryBytes: 0,
        millisecondsPerImage: 0,
        macsPerSecond: 0,
      });
    };
    worker.postMessage(request);
  });
}
