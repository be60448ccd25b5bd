/** The device check, off the main thread. */
import { canaryGradients } from '@espalier/client';
import { makeCanary, toEspalierError } from '@espalier/core';
import { createSparseTrainer } from '@espalier/engine';
import type { TrainerChoice } from '../work/backends.js';
import { makeTrainer } from '../work/make-trainer.js';
import { checkDevice, type CheckedJob, type DeviceReport } from './device-check.js';

/** Page → check. */
export interface CheckRequest {
  readonly job: CheckedJob;
  readonly choice: TrainerChoice;
}

self.onmessage = ({ data }: MessageEvent<CheckRequest>) => {
  void check(data).then((report) => {
    self.postMessage(report);
  });
};

async function check({ job, choice }: CheckRequest): Promise<DeviceReport> {
  try {
    const reference = choice.backend === 'engine' ? null : await engineGradients();
    const trainer = await makeTrainer(choice);
    const report = await checkDevice(trainer, job, { reference, clock: () => performance.now() });
    await trainer.dispose();
    return report;
  } catch (error) {
    const { rawMessage } = toEspalierError(error);
    const problem = `${choice.backend} cannot be used here: ${rawMessage}`;
    return { backend: choice.backend, problem, memoryBytes: 0, millisecondsPerImage: 0, macsPerSecond: 0 };
  }
}

async function engineGradients(): Promise<Float32Array> {
  const engine = await createSparseTrainer();
  const gradients = await canaryGradients(engine, makeCanary());
  await engine.dispose();
  return gradients;
}
