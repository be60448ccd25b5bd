/** The engine's bench, off the main thread. */
import { buildModel } from '@espalier/core';
import { benchEngine, createSparseTrainer, type EngineBenchResult } from '@espalier/engine';

/** Network to measure: one of the zoo, on square colour images of ten classes. */
export interface BenchRequest {
  readonly model: string;
  readonly width: number;
  readonly imageSize: number;
  readonly density: number;
  readonly batch: number;
}

self.onmessage = ({ data }: MessageEvent<BenchRequest>) => {
  void bench(data).then((result) => {
    self.postMessage(result);
  });
};

async function bench({ model, width, imageSize, density, batch }: BenchRequest): Promise<EngineBenchResult> {
  const graph = buildModel({ name: model, width }, [imageSize, imageSize, 3], 10);
  const engine = await createSparseTrainer();
  const result = await benchEngine({ graph, density, batch, engine, clock: () => performance.now() });
  await engine.dispose();
  return result;
}
