import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { coordinatorConfig, replayJournal, replayStart } from '@espalier/core/protocol';
import { Coordinator, noStore, type Snapshot } from '@espalier/server/coordinator';
import { clock, schedule } from './support/in-process.js';
import { jobOf, material, runFaulty } from './support/faults/faulty-run.js';
import { journalBefore, RecordingJournal, type GoldenJournal } from './support/faults/golden-journal.js';
import { readScenario } from './support/faults/scenario.js';
import { stubTrainer } from './support/stub-trainer.js';

/**
 * A FedTiny job with selection, adjustments, a crash and lost connections, as its coordinator wrote it down.
 * It must not change: a change that alters its hash would also alter the model of every resumed run.
 * ESPALIER_RECORD_JOURNAL=1 records a new one if there is none.
 */
const FILE = join(__dirname, '../golden/journal.json.gz');
const SCENARIO = readScenario(join(__dirname, '../golden/scenario.json'));

const open: Coordinator[] = [];
afterEach(() => {
  for (const coordinator of open.splice(0)) coordinator.handOver('test over');
});

async function golden(): Promise<GoldenJournal> {
  if (process.env['ESPALIER_RECORD_JOURNAL'] === '1' && !existsSync(FILE)) await record();
  return JSON.parse(gunzipSync(readFileSync(FILE)).toString()) as GoldenJournal;
}

async function record(): Promise<void> {
  const journal = new RecordingJournal();
  const { result } = await runFaulty(SCENARIO, { journal });
  const { model, mask } = result.summary;
  const recorded: GoldenJournal = {
    entries: journal.entries,
    snapshots: journal.snapshots,
    blobs: journal.everyBlob,
    model: model.hash,
    mask: mask.hash,
  };
  writeFileSync(FILE, gzipSync(JSON.stringify(recorded), { level: 9 }));
}

describe('the golden journal', () => {
  it('replays to every decision that was recorded', async () => {
    const { entries, snapshots } = await golden();
    const config = coordinatorConfig(jobOf(SCENARIO), { evaluatesOnClients: false, measures: false });
    for (const { sequence, state } of snapshots) {
      const replayed = replayJournal(config, replayStart(config), entries.slice(0, sequence));
      expect(replayed.state).toMatchObject({
        phase: decided(state).phase,
        round: decided(state).round,
        adjustments: decided(state).adjustments,
      });
    }
    expect(replayJournal(config, replayStart(config), entries).state.phase).toBe('finished');
    expect(snapshots.length).toBe(3 + SCENARIO.rounds);
  });

  it('gives the same model, to the byte, of every step from what was recorded before it', async () => {
    const recorded = await golden();
    for (let index = 1; index < recorded.snapshots.length; index++) {
      const again = await computeAgain(recorded, index);
      expect([index, modelOf(again)]).toEqual([index, modelOf(recorded.snapshots[index]!)]);
    }
  });

  it('runs its scenario anew to the same model', async () => {
    const { model, mask } = await golden();
    const { summary } = (await runFaulty(SCENARIO)).result;
    expect([summary.model.hash, summary.mask.hash]).toEqual([model, mask]);
  });
});

/** A coordinator taken up where the recorded one had everything for its next step. */
async function computeAgain(recorded: GoldenJournal, index: number): Promise<Snapshot> {
  const { snapshot, journal } = journalBefore(recorded, index);
  const job = jobOf(SCENARIO);
  const coordinator = await Coordinator.open({
    ...(await material(job)),
    job,
    trainer: stubTrainer(),
    serverSamplesPerClass: job.pretrain.samplesPerClass,
    admission: null,
    randomBytes: (length) => new Uint8Array(length),
    schedule,
    clock,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    store: noStore,
    journal,
  });
  open.push(coordinator);
  return snapshot;
}

/** Name of the model's blob, which is the SHA-256 of its bytes: mask, weights and statistics. */
function modelOf({ workshop }: Snapshot): string {
  return (JSON.parse(workshop) as { readonly model: string }).model;
}

function decided(state: string): { phase: string; round: number; adjustments: number } {
  return JSON.parse(state) as { phase: string; round: number; adjustments: number };
}
