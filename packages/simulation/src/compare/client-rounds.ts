import { keptCount, Mask, type Job, measuresMoments, type ModelGraph } from '@espalier/core';
import type { ClientRound, MaskDelivery } from '@espalier/core/report';
import { readjustmentRequests } from '@espalier/core/round';
import type { SimulatedRun } from '../simulate.js';
import type { ReplayedRound } from './round-replay.js';
import type { RoundMetrics } from '@espalier/server/coordinator';

/** One client in one round. */
interface ClientTurn {
  readonly part: number;
  readonly share: number;
  readonly delivery: MaskDelivery;
}

/** The rounds of a run's clients, those of a round that did alike in one. */
export function clientRounds(
  { graph, partition, shares, denseFrom }: Pick<SimulatedRun, 'graph' | 'partition' | 'shares' | 'denseFrom'>,
  job: Job,
  rounds: readonly ReplayedRound[],
): readonly ClientRound[] {
  const known = new Map<number, string>();
  return rounds.flatMap((round) => {
    const { line, modelled, mask, asked, readjustment } = round;
    const parts = Object.keys(line.bytes.upPerClient).map(Number);
    const turns = parts.map((part) => ({
      part,
      share: shares[part] ?? 1,
      delivery: deliveryTo(known.get(part), round),
    }));
    for (const part of parts) known.set(part, round.maskHash);
    const answered = line.clients.answered / Math.max(1, parts.length);
    return alike(turns).map(([first, ...others]): ClientRound => {
      const carried = partOf(mask, first.share);
      const samples = [first, ...others].map(({ part }) => sum(partition[part] ?? []));
      const own = readjustment === null ? [] : readjustmentRequests(carried, readjustment);
      return {
        ...{ graph, modelled, carried, asked, delivery: first.delivery, denseFrom },
        ...{ localEpochs: job.localEpochs, maxFrameBytes: job.maxFrameBytes },
        clients: answered * samples.length,
        ownChanges: own.map(({ layer, count }) => ({ layer, dropped: count, grown: count })),
        samples: sum(samples),
        moments: momentsOf({ graph, job, line }, first.share, samples),
        gradientSamples: sum(samples.map((count) => lastBatch(count, job, readjustment !== null))),
      };
    });
  });
}

/** The first model's moments need no measuring, and a part of the mask says nothing of the whole. */
function momentsOf(
  { graph, job, line }: { readonly graph: ModelGraph; readonly job: Job; readonly line: RoundMetrics },
  share: number,
  samples: readonly number[],
): ClientRound['moments'] {
  const { momentMode } = job;
  if (!measuresMoments(momentMode, graph)) return { kind: 'training' };
  if (line.round === 0 || share < 1) return { kind: 'measured', samples: 0 };
  const most = momentMode.samples ?? Infinity;
  return { kind: 'measured', samples: sum(samples.map((count) => Math.min(count, most))) };
}

/** A mask travels where it is new: as a difference to who was there in the rounds before the last change, else whole. */
function deliveryTo(known: string | undefined, { maskHash, cameBy }: ReplayedRound): MaskDelivery {
  if (known === maskHash) return { kind: 'known' };
  return known !== undefined && known === cameBy?.from
    ? { kind: 'changes', layers: cameBy.changes }
    : { kind: 'whole' };
}

function alike(turns: readonly ClientTurn[]): readonly (readonly [ClientTurn, ...ClientTurn[]])[] {
  const groups = new Map<string, [ClientTurn, ...ClientTurn[]]>();
  for (const turn of turns) {
    const key = `${turn.share} ${turn.delivery.kind}`;
    const group = groups.get(key);
    if (group) group.push(turn);
    else groups.set(key, [turn]);
  }
  return [...groups.values()];
}

/** A part of the mask, by its counts. */
function partOf(mask: Mask, share: number): Mask {
  if (share === 1) return mask;
  return new Mask(
    mask.layers.map(({ name, size, active }) => {
      const kept = active.length === 0 ? 0 : keptCount(share, active.length);
      return { name, size, active: active.subarray(0, kept) };
    }),
  );
}

/** Samples of the batch that whole gradients are of; who readjusts takes them halfway, of one epoch after half of it. */
function lastBatch(samples: number, { localEpochs, batchSize }: Job, readjusts: boolean): number {
  const until = readjusts && localEpochs === 1 && samples > 1 ? Math.round(samples / 2) : samples;
  return until % batchSize || Math.min(until, batchSize);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}
