import { describe, expect, it } from '@jest/globals';
import type { FrameConnection } from '@espalier/core/protocol';
import { memoryConnectionPair } from '@espalier/proto';
import { parseJob } from '@espalier/server';
import { hostCoordinator, schedule, startClient } from './support/in-process.js';
import { stubTrainer } from './support/stub-trainer.js';

const CAP = 32_768;
const ROUNDS = 3;
const JOB = parseJob(`
name: resume
method: static
model: { name: mlp, width: 512 }
data: { kind: procedural, numClasses: 2, samplesPerClass: 10, testSamplesPerClass: 2 }
imageSize: 8
partition: { kind: iid }
numClients: 1
rounds: ${ROUNDS}
targetDensity: 0.9
pretrain: { epochs: 0, samplesPerClass: 0 }
maxFrameBytes: ${CAP}
`);

/** Full frames that crossed a line, in either direction; those of models and updates are full but for their last. */
interface Counts {
  up: number;
  down: number;
}

/** Runs the job over a line that breaks when `cut` says so; gives the model and what crossed. */
async function runOver(
  cut: (counts: Counts) => boolean,
): Promise<{ hash: string; counts: Counts; lines: number }> {
  const { coordinator } = await hostCoordinator(JOB, { trainer: stubTrainer() });
  const counts: Counts = { up: 0, down: 0 };
  let lines = 0;
  const counting = (end: FrameConnection, way: keyof Counts): FrameConnection => ({
    ...end,
    send: (frame) => {
      if (frame.length > CAP - 100) {
        if (cut(counts)) end.close('cable cut');
        else counts[way]++;
      }
      return end.send(frame);
    },
  });
  const connect = (): Promise<FrameConnection> => {
    lines++;
    const [near, far] = memoryConnectionPair();
    coordinator.accept(counting(near, 'down'));
    return Promise.resolve(counting(far, 'up'));
  };
  const client = startClient(0, connect, {
    makeTrainer: () => Promise.resolve(stubTrainer()),
    schedule: (_, callback) => schedule(0, callback),
  });
  const { summary } = await coordinator.ended;
  await client.ended;
  return { hash: summary.model.hash, counts, lines };
}

describe('a line that breaks', () => {
  it('in the middle of a model or of an update costs none of its frames twice, and changes nothing', async () => {
    const whole = await runOver(() => false);
    const update = whole.counts.up / ROUNDS;
    expect(update).toBeGreaterThan(5);
    let left = 2;
    const up = await runOver(
      (counts) => left > 0 && counts.up === Math.floor((2.5 - left) * update) && left-- > 0,
    );
    expect(up).toMatchObject({ hash: whole.hash, lines: 3 });
    expect(up.counts.up).toBe(whole.counts.up);
    left = 1;
    const down = await runOver((counts) => counts.down === Math.floor(1.5 * update) && left-- > 0);
    expect(down).toEqual({ hash: whole.hash, lines: 2, counts: whole.counts });
  });
});
