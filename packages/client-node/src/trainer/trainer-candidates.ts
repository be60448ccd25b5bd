import { createTfjsTrainer, type BackendCandidate } from '@espalier/client/tfjs';
import { EspalierError, toEspalierError, type OpKind, type Trainer } from '@espalier/core';
import { createSparseTrainer, type SparseTrainer, type SparseTrainerOptions } from '@espalier/engine';
import { nodeBackends, type NodeBackendOptions } from '../backend/index.js';
import { startEngineThread } from './engine-thread.js';

/** A trainer that might work on this machine. */
export interface TrainerCandidate {
  /** Name of the candidate for `--backend`. */
  readonly name: string;
  /** Instructions for getting the trainer; empty where nothing needs doing. */
  readonly install: string;
  /** Makes it, or throws saying why not. */
  readonly open: () => Promise<Trainer>;
}

/** Settings that the candidates depend on. */
export interface TrainerCandidateOptions extends NodeBackendOptions {
  /** Threads of the sparse engine; 1 unless told. */
  readonly threads?: number;
}

/** The sparse engine with that many threads. */
export function openEngine(
  threads: number,
  options: Omit<SparseTrainerOptions, 'threads' | 'startThread'> = {},
): Promise<SparseTrainer> {
  return createSparseTrainer(threads > 1 ? { ...options, threads, startThread: startEngineThread } : options);
}

/** Outcome of trying a candidate. */
export interface TrainerReport {
  readonly name: string;
  readonly available: boolean;
  /** A sentence: why it cannot be used, or that it can. */
  readonly reason: string;
  readonly install: string;
}

/**
 * Every trainer for Node, best first: a GPU, then the sparse engine, whose cost falls with density, then masked-dense
 * tfjs on the CPU, native, WebAssembly and plain JavaScript.
 */
export function nodeTrainers(options: TrainerCandidateOptions = {}): readonly TrainerCandidate[] {
  const [gpu, ...others] = nodeBackends(options).map(tfjsCandidate);
  const { threads = 1 } = options;
  const engine: TrainerCandidate = { name: 'engine', install: '', open: () => openEngine(threads) };
  return [...(gpu ? [gpu] : []), engine, ...others];
}

function tfjsCandidate({ name, backend, install, open }: BackendCandidate): TrainerCandidate {
  return {
    name,
    install,
    open: async () => {
      await open();
      return createTfjsTrainer({ backend });
    },
  };
}

/** A trainer, and what became of the candidates before it. */
export interface TrainerChoice {
  readonly trainer: Trainer;
  readonly tried: readonly TrainerReport[];
}

/**
 * Opens the first candidate that works and has every op of the graph.
 * @param ops ops the graph needs; none asks nothing
 * @throws EspalierError `backend_unavailable` with every reason when none does.
 */
export async function chooseTrainer(
  candidates: readonly TrainerCandidate[],
  ops: Iterable<OpKind> = [],
): Promise<TrainerChoice> {
  const needed = [...ops];
  const tried: TrainerReport[] = [];
  for (const candidate of candidates) {
    const { trainer, report } = await tryCandidate(candidate, needed);
    tried.push(report);
    if (trainer) return { trainer, tried };
  }
  const reasons = tried.map(({ name, reason }) => `${name}: ${reason}`).join(' ');
  throw new EspalierError('backend_unavailable', `nothing here can train this network. ${reasons}`);
}

/** Opens every trainer and says what became of it, best first, for `espalier doctor`. */
export async function describeTrainers(options: NodeBackendOptions = {}): Promise<readonly TrainerReport[]> {
  const reports: TrainerReport[] = [];
  for (const candidate of nodeTrainers(options)) {
    const { trainer, report } = await tryCandidate(candidate, []);
    await trainer?.dispose();
    reports.push(report);
  }
  return reports;
}

async function tryCandidate(
  { name, install, open }: TrainerCandidate,
  needed: readonly OpKind[],
): Promise<{ readonly trainer: Trainer | null; readonly report: TrainerReport }> {
  try {
    const trainer = await open();
    const missing = needed.filter((op) => !trainer.ops.has(op));
    if (missing.length === 0) {
      return { trainer, report: { name, available: true, reason: 'It is ready.', install: '' } };
    }
    await trainer.dispose();
    return {
      trainer: null,
      report: { name, available: false, reason: `It lacks ${missing.join(', ')}.`, install: '' },
    };
  } catch (error) {
    const reason = toEspalierError(error).rawMessage;
    return { trainer: null, report: { name, available: false, reason, install } };
  }
}
