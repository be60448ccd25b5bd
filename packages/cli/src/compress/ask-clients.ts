import { join } from 'node:path';
import { applyMask, EspalierError, inputShape, type Job } from '@espalier/core';
import type { CompressedNetwork, CompressionCandidates } from '@espalier/core/compression';
import { nonZeroMask } from '@espalier/core/formats';
import type { ModelBundle } from '@espalier/proto';
import type { ServedJob } from '@espalier/server';
import type { CoordinatorStatus, RunResult } from '@espalier/server/coordinator';
import { announce, limitsOf, tlsOf } from '../host-flags.js';
import { hostJob } from '../host-job.js';
import { onInterrupt } from '../interrupt.js';
import { runProgress } from '../progress.js';
import type { Terminal } from '../terminal.js';
import type { CompressFlags } from './compress-flags.js';

/** A candidate as clients judged it, under their merged statistics. */
export interface JudgedCandidate {
  /** Name of its allocation; "as compressed" where no weights were removed. */
  readonly name: string;
  /** Over maskable weights. */
  readonly density: number;
  /** Mean over the clients' training images. */
  readonly loss: number;
  readonly accuracy: number;
}

/** Facts about the clients that were asked, and their answers. */
export interface ClientsReport {
  readonly clients: number;
  /** Training images that they hold, together. */
  readonly samples: number;
  readonly candidates: readonly JudgedCandidate[];
  /** Index of the candidate with the smallest loss. */
  readonly chosen: number;
  /** Accuracy of the outcome on images that clients held out; null when they held none. */
  readonly accuracy: number | null;
  /** Really read from and written to all clients' connections. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** The run folder. */
  readonly folder: string;
}

/** The network that clients chose, with the statistics that they merged. */
export interface ChosenNetwork {
  readonly output: CompressedNetwork;
  readonly report: ClientsReport;
}

type Judge = Pick<CoordinatorStatus['clients'][number], 'samples'>;

/** Everybody's every training image counts: the job holds others out for the last evaluation. */
const DEVELOPMENT_FRACTION = 1;

/**
 * The job that asks clients about candidates and nothing else: no round, nothing trained, nothing of the coordinator's
 * own. Who they are, how long they are waited for and what their data are is as in the job given.
 * @throws EspalierError `invalid_job` when its data have other classes than the model; `invalid_argument` for a model
 * that takes no images.
 */
export function selectionJob(
  job: Job,
  {
    file,
    classes,
    normalization,
  }: Pick<ModelBundle, 'classes' | 'normalization'> & { readonly file: string },
  { graph, pool }: Pick<CompressionCandidates, 'graph' | 'pool'>,
): Job {
  const [height, width, channels, ...more] = inputShape(graph);
  if (height === undefined || width === undefined || channels === undefined || more.length > 0) {
    throw new EspalierError('invalid_argument', `${file} takes no images, and clients hold images`);
  }
  if (job.data.kind === 'procedural' && job.data.numClasses !== classes.length) {
    throw new EspalierError(
      'invalid_job',
      `data.numClasses is ${job.data.numClasses}; ${file} tells ${classes.length} classes apart`,
    );
  }
  const { pool: spec, pruning, pretrain } = job;
  return {
    ...job,
    method: 'fedtiny',
    model: { file, weights: 'keep' },
    imageShape: [height, width, channels],
    normalization,
    rounds: 0,
    targetDensity: Math.max(...densitiesOf(pool)),
    pool: {
      ...spec,
      size: pool.counts.length,
      selection: 'adaptiveBatchNorm',
      developmentFraction: DEVELOPMENT_FRACTION,
    },
    pruning: { ...pruning, interval: 0, stopRound: 0 },
    pretrain: { ...pretrain, epochs: 0, samplesPerClass: 0 },
  };
}

/** Input of asking clients. */
export interface Questions {
  readonly job: Job;
  readonly model: ModelBundle;
  readonly candidates: CompressionCandidates;
}

/**
 * Serves the candidates to clients over sockets, as `espalier serve` serves a job, until they have chosen.
 * @throws EspalierError `stopped` when it was interrupted before they had; what {@link hostJob} throws.
 */
export async function askClients(
  flags: CompressFlags,
  { job, model, candidates }: Questions,
  terminal: Terminal,
): Promise<ChosenNetwork> {
  const { graph, pool } = candidates;
  const progress = runProgress(terminal, job.name, 0);
  let judges: readonly Judge[] = [];
  const served: ServedJob = await hostJob(
    {
      job,
      network: { graph, classes: model.classes, candidates: pool },
      folder: null,
      host: flags.host,
      port: flags.port,
      runs: join(flags.out, 'clients'),
      resume: null,
      keepUpdates: false,
      open: flags.open ?? false,
      tls: await tlsOf(flags),
      limits: limitsOf(flags),
      backend: null,
      cache: null,
      onReport: (report) => {
        progress.report(report);
        // Clients that have taken part by then; at the end they are gone.
        if (report.kind === 'selected') judges = served.status().clients.filter(({ admitted }) => admitted);
      },
    },
    terminal,
  );
  announce(served, { ...flags, clients: job.numClients }, terminal);
  const release = onInterrupt(() => {
    served.stop('interrupted');
  });
  try {
    const result = await served.ended;
    return {
      output: chosenNetwork(candidates, result),
      report: reportOf(candidates, result, { judges, folder: served.folder }),
    };
  } finally {
    release();
    progress.end();
  }
}

function chosenNetwork(
  { graph, kept, removed }: CompressionCandidates,
  { state, mask }: RunResult,
): CompressedNetwork {
  const params = applyMask(graph, mask, state.params);
  // Rounding may have left zeros among the kept.
  return { graph, kept, removed, state: { ...state, params }, mask: nonZeroMask(graph, params) };
}

function reportOf(
  { allocations, pool }: CompressionCandidates,
  { summary }: RunResult,
  { judges, folder }: { readonly judges: readonly Judge[]; readonly folder: string },
): ClientsReport {
  const { selection, accuracy, bytes, stopped } = summary;
  if (selection === null || stopped) {
    throw new EspalierError('stopped', 'it was stopped before clients had chosen: no model was written');
  }
  const densities = densitiesOf(pool);
  return {
    clients: judges.length,
    samples: judges.reduce((sum, { samples }) => sum + samples, 0),
    candidates: selection.losses.map((loss, i) => ({
      name: allocations[i] ?? 'as compressed',
      density: densities[i] ?? 1,
      loss,
      accuracy: selection.accuracies[i] ?? 0,
    })),
    chosen: selection.chosen,
    accuracy: accuracy.final,
    bytes: { up: bytes.up, down: bytes.down },
    folder,
  };
}

function densitiesOf({ union, counts }: CompressionCandidates['pool']): readonly number[] {
  const size = union.reduce((sum, layer) => sum + layer.size, 0);
  return counts.map((row) => row.reduce((sum, count) => sum + count, 0) / size);
}
