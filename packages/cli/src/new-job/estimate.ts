import { availableParallelism } from 'node:os';
import { keptCount, Mask, maskableSpecs, type Job, type ModelGraph } from '@espalier/core';
import { analyticRoundBytes, forwardMacs, trainingBytes, trainMacs } from '@espalier/core/report';
import { benchEngine, createSparseTrainer, measureMachine } from '@espalier/engine';
import { amount, bytes } from '../terminal.js';

/** Expected cost of a job: estimates, to be compared with the figures of a run. */
export interface JobEstimate {
  readonly parameters: number;
  /** Multiply-adds of one image forward, with the weights that stay and with all. */
  readonly macs: { readonly sparse: number; readonly dense: number };
  /** Bytes that one client moves, both ways. */
  readonly bytes: { readonly perRound: number; readonly wholeRun: number };
  /** Bytes that training takes on one client, its images included. */
  readonly memoryBytes: number;
  readonly seconds: {
    /** One client's training in one round, here. */
    readonly perRound: number;
    /** The whole run with every client on this machine. */
    readonly wholeRunHere: number;
    /** True where this network was timed; otherwise it follows from this machine's arithmetic. */
    readonly timed: boolean;
  };
}

/** Samples of a probe: enough to tell seconds from minutes. */
const PROBE_BATCH = 2;

/** Share of this machine's best arithmetic that training reaches, where the network itself cannot be timed. */
const USUAL_SHARE = 0.2;

/** Bytes that a client moves in a round of a job. */
export function roundBytes(graph: ModelGraph, density: number): number {
  return analyticRoundBytes(graph, { mask: uniformMask(graph, density), requests: [] });
}

/** Works out, and times in a few seconds, what a job costs with that many training samples per client. */
export async function estimateJob(
  job: Job,
  graph: ModelGraph,
  samplesPerClient: number,
): Promise<JobEstimate> {
  const mask = uniformMask(graph, job.targetDensity);
  const perRound = roundBytes(graph, job.targetDensity);
  const memory = trainingBytes(graph, mask, { batchSize: job.batchSize, optimizerSlots: 1 });
  const pixels = job.imageShape[0] * job.imageShape[1] * job.imageShape[2];
  const { ms, timed } = await millisecondsPerSample(graph, job.targetDensity, mask);
  const seconds = (ms / 1000) * samplesPerClient * job.localEpochs;
  const hands = Math.min(availableParallelism(), job.clientsPerRound);
  return {
    parameters: memory.parameters / 4,
    macs: { sparse: forwardMacs(graph, mask).total, dense: forwardMacs(graph, null).total },
    bytes: { perRound, wholeRun: perRound * job.rounds },
    memoryBytes: memory.total + samplesPerClient * pixels,
    seconds: {
      perRound: seconds,
      wholeRunHere: (seconds * job.rounds * job.clientsPerRound) / hands,
      timed,
    },
  };
}

async function millisecondsPerSample(
  graph: ModelGraph,
  density: number,
  mask: Mask | null,
): Promise<{ readonly ms: number; readonly timed: boolean }> {
  const clock = (): number => performance.now();
  try {
    const engine = await createSparseTrainer();
    try {
      const { msPerImage } = await benchEngine({
        graph,
        density,
        batch: PROBE_BATCH,
        engine,
        clock,
        rounds: 0,
      });
      return { ms: msPerImage.train, timed: true };
    } finally {
      await engine.dispose();
    }
  } catch {
    // The engine has not all ops of all networks, and not all machines have the engine.
    const gflops = await measureMachine(clock).then(
      (rates) => rates.gflops,
      () => 1,
    );
    return { ms: (2 * trainMacs(graph, mask).total) / (gflops * USUAL_SHARE * 1e6), timed: false };
  }
}

function uniformMask(graph: ModelGraph, density: number): Mask | null {
  if (density === 1) return null;
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => ({
      name,
      size,
      active: Uint32Array.from({ length: keptCount(density, size) }, (_, i) => i),
    })),
  );
}

/** The estimate for people. */
export function estimateText({ parameters, macs, bytes: moved, memoryBytes, seconds }: JobEstimate): string {
  const how = seconds.timed ? 'timed on this machine' : "from this machine's arithmetic";
  return [
    'Estimates, before anything starts:',
    `  weights   ${amount(parameters)} kept; ${amount(macs.sparse)} MACs an image forward (dense ${amount(macs.dense)})`,
    `  traffic   ${bytes(moved.perRound)} a round for one client, ${bytes(moved.wholeRun)} in the whole run`,
    `  memory    ${bytes(memoryBytes)} on a client while it trains, its images included`,
    `  time      ${duration(seconds.perRound)} a round for one client; ${duration(seconds.wholeRunHere)} for the run with all clients here (${how})`,
  ].join('\n');
}

/** 5400 → `1.5 h`. */
export function duration(seconds: number): string {
  if (seconds < 1) return 'under 1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86_400).toFixed(1)} days`;
}
