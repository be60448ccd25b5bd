import {
  alwaysDenseCount,
  parameterSpecs,
  type ClientUpdate,
  type ErrorCode,
  type Evaluation,
  type Job,
} from '@espalier/core';
import {
  forwardMacs,
  type AdjustmentFigures,
  type AggregationFigures,
  type ByteFigures,
  type DensityFigures,
  type RoundMetrics,
  type RunSummary,
} from '@espalier/core/report';
import type { GlobalModel, SelectionFigures } from '@espalier/core/round';
import { modelHash } from '@espalier/proto';
import type { TrafficLedger, TrafficReading } from './ledger.js';

/** Figures that closing a round adds to the record. */
export interface ClosedRoundFigures {
  readonly round: number;
  readonly model: GlobalModel;
  readonly updates: readonly Pick<ClientUpdate, 'samples' | 'metrics'>[];
  readonly asked: number;
  readonly seconds: number;
  readonly adjustment: AdjustmentFigures | null;
  readonly aggregation: AggregationFigures;
  /** The model's moments are still to be measured. */
  readonly measures: boolean;
}

/** Figures that measuring a model's moments adds to the record. */
export interface MeasuredModelFigures {
  readonly model: GlobalModel;
  readonly clients: number;
  /** Multiply-accumulates of all of them. */
  readonly macs: number;
}

/** Figures of measuring moments. */
interface MomentRecord {
  /** As in the summary. */
  readonly clients: number | null;
  /** The last line's model is still to be measured. */
  readonly due: boolean;
  /** Multiply-accumulates since the last line, and of the whole run. */
  readonly sinceLine: number;
  readonly total: number;
}

const NO_MOMENTS: MomentRecord = { clients: null, due: false, sinceLine: 0, total: 0 };

/** A {@link RunRecord} as plain JSON. */
export interface StoredRecord {
  readonly lines: readonly RoundMetrics[];
  readonly selection: SelectionFigures | null;
  readonly refusals: readonly (readonly [ErrorCode, number])[];
  readonly backends: readonly string[];
  readonly refusalsThisRound: number;
  readonly setup: ByteFigures | null;
  readonly totals: ByteFigures;
  /** Older snapshots lack it, as their lines lack what measuring took. */
  readonly moments?: MomentRecord;
}

/** Everything measured about a run, in the making. */
export class RunRecord {
  readonly #lines: RoundMetrics[] = [];
  #selection: SelectionFigures | null = null;
  readonly #ledger: TrafficLedger;
  readonly #refusals = new Map<ErrorCode, number>();
  readonly #backends = new Set<string>();
  #refusalsThisRound = 0;
  #moments = NO_MOMENTS;
  /** Evaluation of a model that no round made: the result of a job without rounds. */
  #selected: Evaluation | null = null;
  /** Null until the first round opens. */
  #setup: ByteFigures | null = null;

  constructor(ledger: TrafficLedger) {
    this.#ledger = ledger;
  }

  /** Lines of the rounds closed so far, in order. */
  get lines(): readonly RoundMetrics[] {
    return this.#lines;
  }

  /** For a snapshot. */
  store(): StoredRecord {
    const { up, down } = this.#ledger.peek();
    return {
      lines: this.#lines,
      selection: this.#selection,
      refusals: [...this.#refusals],
      backends: [...this.#backends],
      refusalsThisRound: this.#refusalsThisRound,
      setup: this.#setup,
      totals: { up, down },
      moments: this.#moments,
    };
  }

  /** Goes on from a snapshot. */
  restore(stored: StoredRecord): void {
    this.#lines.push(...stored.lines.map((line) => ({ ...line, macs: { ...NO_MACS, ...line.macs } })));
    this.#moments = stored.moments ?? NO_MOMENTS;
    this.#selection = stored.selection;
    for (const [code, count] of stored.refusals) this.#refusals.set(code, count);
    for (const backend of stored.backends) this.#backends.add(backend);
    this.#refusalsThisRound = stored.refusalsThisRound;
    this.#setup = stored.setup;
    this.#ledger.restore(stored.totals);
  }

  /** Counts a refused message. */
  refused(code: ErrorCode): void {
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
    this.#refusalsThisRound++;
  }

  /** Clients have chosen among the candidates. */
  selectionMade(figures: SelectionFigures): void {
    this.#selection = figures;
  }

  /** Books all traffic so far as joining and selection, not as rounds. */
  setupDone(): void {
    if (this.#setup !== null) return;
    const { up, down } = this.#ledger.read();
    this.#setup = { up, down };
  }

  /** Adds a round; its accuracy may come later, by {@link evaluated}. */
  closed(figures: ClosedRoundFigures): void {
    for (const { metrics } of figures.updates) this.#backends.add(metrics.backend);
    const measuring = this.#moments.sinceLine;
    this.#lines.push(
      roundLine(figures, this.#ledger.read(), { refusals: this.#refusalsThisRound, measuring }),
    );
    this.#refusalsThisRound = 0;
    if (figures.measures) this.#moments = { ...this.#moments, clients: 0, due: true, sinceLine: 0 };
  }

  /** The last model has the moments that clients measured at its weights. */
  measured({ model, clients, macs }: MeasuredModelFigures): void {
    const { sinceLine, total } = this.#moments;
    this.#moments = { clients, due: false, sinceLine: sinceLine + macs, total: total + macs };
    const at = this.#lines.length - 1;
    const line = this.#lines[at];
    if (line) this.#lines[at] = { ...line, model: hashOf(model) };
  }

  /** True from the end of a round until its model is measured. */
  get isUnmeasured(): boolean {
    return this.#moments.due;
  }

  /**
   * Records the evaluation of the last model: that of the last round, or the selected one where there were no
   * rounds.
   */
  concluded(evaluation: Evaluation): RoundMetrics | null {
    const last = this.#lines.at(-1);
    if (last) return this.evaluated(last.round, evaluation);
    this.#selected = evaluation;
    return null;
  }

  /** Fills in how a round's model did and gives the finished line. */
  evaluated(round: number, { lossSum, correct, samples }: Evaluation): RoundMetrics | null {
    const at = this.#lines.findIndex((line) => line.round === round);
    const line = this.#lines[at];
    if (!line) return null;
    const done = { ...line, accuracy: correct / samples, loss: lossSum / samples };
    this.#lines[at] = done;
    return done;
  }

  /** The run in figures. */
  summary(
    job: Job,
    model: GlobalModel,
    end: { readonly stopped: boolean; readonly seconds: number },
  ): RunSummary {
    this.#ledger.read();
    const { up, down } = this.#ledger.totals;
    const accuracies = this.#lines.flatMap(({ accuracy }) => (accuracy === null ? [] : [accuracy]));
    if (this.#selected) accuracies.push(this.#selected.correct / this.#selected.samples);
    const { graph, mask, state } = model;
    return {
      name: job.name,
      method: job.method,
      model: { name: graph.name, hash: modelHash(graph, mask, state), parameters: parameterCount(model) },
      seed: job.seed,
      rounds: this.#lines.length,
      stopped: end.stopped,
      clients: job.numClients,
      accuracy: {
        final: (this.#lines.length > 0 ? this.#lines.at(-1)?.accuracy : accuracies[0]) ?? null,
        best: accuracies.length ? Math.max(...accuracies) : null,
      },
      density: densityFigures(model),
      bytes: {
        ...this.#ledger.totals,
        setup: this.#setup ?? { up, down },
        upPerRoundMedian: median(this.#uploads()),
      },
      macs: {
        train: this.#lines.reduce((sum, line) => sum + line.macs.train, 0),
        moments: this.#moments.total,
        forwardPerSample: forwardMacs(graph, mask).total,
        forwardPerSampleDense: forwardMacs(graph, null).total,
      },
      peakBytes: Math.max(0, ...this.#lines.map((line) => line.peakBytes)),
      seconds: end.seconds,
      mask: { version: mask.version, hash: mask.hash },
      selection: this.#selection,
      backends: [...this.#backends].sort(),
      refusals: Object.fromEntries(this.#refusals),
      momentClients: this.#moments.clients,
    };
  }

  #uploads(): readonly number[] {
    return this.#lines.flatMap((line) => Object.values(line.bytes.upPerClient));
  }
}

const NO_MACS: RoundMetrics['macs'] = { train: 0, moments: 0 };

function hashOf({ graph, mask, state }: GlobalModel): RoundMetrics['model'] {
  return { hash: modelHash(graph, mask, state) };
}

function roundLine(
  figures: ClosedRoundFigures,
  bytes: TrafficReading,
  { refusals, measuring }: { readonly refusals: number; readonly measuring: number },
): RoundMetrics {
  const { round, model, updates, asked, seconds, adjustment, aggregation } = figures;
  const samples = updates.reduce((sum, update) => sum + update.samples, 0);
  const weighted = updates.reduce((sum, update) => sum + update.metrics.loss * update.samples, 0);
  return {
    round,
    accuracy: null,
    loss: null,
    trainLoss: samples === 0 ? 0 : weighted / samples,
    density: densityFigures(model),
    bytes,
    macs: { train: updates.reduce((sum, update) => sum + update.metrics.macs, 0), moments: measuring },
    peakBytes: Math.max(0, ...updates.map((update) => update.metrics.peakBytes)),
    seconds,
    clients: { asked, answered: updates.length, refusals },
    mask: { version: model.mask.version, hash: model.mask.hash },
    adjustment,
    aggregation,
    model: hashOf(model),
    microBatch: Math.min(...updates.map((update) => update.metrics.microBatch)),
  };
}

/** Density of a model over maskable weights, over all parameters, and per layer. */
export function densityFigures({ graph, mask }: Pick<GlobalModel, 'graph' | 'mask'>): DensityFigures {
  const dense = alwaysDenseCount(graph);
  return {
    maskable: mask.density,
    all: (mask.activeCount + dense) / (mask.size + dense),
    perLayer: Object.fromEntries(mask.layers.map(({ name, size, active }) => [name, active.length / size])),
  };
}

function parameterCount({ graph }: GlobalModel): number {
  return parameterSpecs(graph).reduce((sum, { size }) => sum + size, 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
