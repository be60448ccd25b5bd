import { createNodeTrainer } from '@espalier/client-node';
import type { Mask, ModelGraph, ModelState, Trainer } from '@espalier/core';
import { noise } from '@espalier/core/compression';

/** A network as a trainer loads it. */
export interface LoadableNetwork {
  readonly graph: ModelGraph;
  readonly state: ModelState;
  /** Null runs it dense. */
  readonly mask: Mask | null;
}

/** Milliseconds an image, forward, of the network before and after, measured in turn. */
export interface Latency {
  readonly backend: string;
  readonly before: number;
  readonly after: number;
  /** After ÷ before. */
  readonly ratio: number;
}

/** Settings of measuring latency. */
export interface LatencyOptions {
  readonly batch: number;
  /** Rounds, at the least. */
  readonly rounds: number;
  /** Rounds go on for this long in each back end: other programs disturb single ones. */
  readonly seconds: number;
}

/** The back ends that every machine has. */
const BACKENDS = ['engine', 'wasm'] as const;

/** Times both networks in the engine and in tfjs wasm, one after the other in every round; the median counts. */
export async function measureLatency(
  before: LoadableNetwork,
  after: LoadableNetwork,
  options: LatencyOptions,
): Promise<readonly Latency[]> {
  const results: Latency[] = [];
  for (const backend of BACKENDS) results.push(await inBackend(backend, [before, after], options));
  return results;
}

async function inBackend(
  backend: string,
  networks: readonly [LoadableNetwork, LoadableNetwork],
  { batch, rounds, seconds }: LatencyOptions,
): Promise<Latency> {
  const trainers: Trainer[] = [];
  try {
    for (const { graph, state, mask } of networks) {
      const trainer = await createNodeTrainer({ backend });
      trainers.push(trainer);
      await trainer.load(graph, state, mask);
    }
    const images = networks.map(({ graph }) => noise(graph, batch, 1));
    // What else the machine does meets both networks alike in most rounds; the best of each may not have met it at all.
    const times = networks.map((): number[] => []);
    // The first round warms caches and compilers up.
    const end = performance.now() + 1000 * seconds;
    for (let round = 0; round <= rounds || performance.now() < end; round++) {
      for (const [i, trainer] of trainers.entries()) {
        const start = performance.now();
        await trainer.predict(images[i]!);
        if (round > 0) times[i]!.push((performance.now() - start) / batch);
      }
    }
    const [before = NaN, after = NaN] = times.map(median);
    return { backend: trainers[0]?.name ?? backend, before, after, ratio: after / before };
  } finally {
    for (const trainer of trainers) await trainer.dispose();
  }
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}
