import type { SelectionFigures } from '../candidates/selection-figures.js';
/** Active ÷ maskable weights, and (active + always-dense) ÷ all parameters. */
export interface DensityFigures {
  readonly maskable: number;
  readonly all: number;
  readonly perLayer: Readonly<Record<string, number>>;
}

/** Bytes really read from and written to connections, framing included. `up` is towards the coordinator. */
export interface ByteFigures {
  readonly up: number;
  readonly down: number;
}

/** One line of `metrics.jsonl`. Figures that were not measured are null. */
export interface RoundMetrics {
  readonly round: number;
  /** Share of correct answers of the model after this round; `loss` is its mean loss. */
  readonly accuracy: number | null;
  readonly loss: number | null;
  /** Sample-weighted mean of the clients' last epoch. */
  readonly trainLoss: number;
  readonly density: DensityFigures;
  /** Bytes of this round; `upPerClient` by partition index, for clients that sent something. */
  readonly bytes: ByteFigures & { readonly upPerClient: Readonly<Record<string, number>> };
  /** Multiply-accumulates executed by all clients: in training, and in measuring the moments of the model they received. */
  readonly macs: { readonly train: number; readonly moments: number };
  /** Highest of the clients' trainers. */
  readonly peakBytes: number;
  /** From this round's first question to its new model. */
  readonly seconds: number;
  readonly clients: { readonly asked: number; readonly answered: number; readonly refusals: number };
  readonly mask: { readonly version: number; readonly hash: string };
  readonly adjustment: AdjustmentFigures | null;
  readonly aggregation: AggregationFigures;
  readonly model: { readonly hash: string };
  readonly microBatch: number;
}

/** Combination of a round's updates into one. Clients are listed by partition index, ascending. */
export interface AggregationFigures {
  /** Their updates were shortened. */
  readonly clipped: readonly number[];
  /** Clients whose updates did not count. */
  readonly leftOut: readonly number[];
  /**
   * Clients whose updates were unlike the others; `findOutliers` of core defines the criterion and the
   * figures.
   */
  readonly outliers: readonly OutlierFigures[];
  /** From the first update read to the new model. */
  readonly seconds: number;
}

/** A client whose update was unlike the others of its round. */
export interface OutlierFigures {
  readonly client: number;
  readonly reason: 'norm' | 'direction';
  readonly value: number;
  /** The round's median of the same. */
  readonly usual: number;
}

/** Weights that an adjustment exchanged. */
export interface AdjustmentFigures {
  /** Its number, from 0. */
  readonly number: number;
  /** Weights dropped, and as many grown, per layer. */
  readonly exchanged: Readonly<Record<string, number>>;
}

/** `summary.json`: one run in figures. */
export interface RunSummary {
  readonly name: string;
  readonly method: string;
  readonly model: { readonly name: string; readonly hash: string; readonly parameters: number };
  readonly seed: number;
  /** Rounds done; fewer than the job's when stopped. */
  readonly rounds: number;
  readonly stopped: boolean;
  readonly clients: number;
  readonly accuracy: { readonly final: number | null; readonly best: number | null };
  readonly density: DensityFigures;
  /** `setup` is joining and selection; `upPerRoundMedian` is over all pairs of a round and a client that sent something in it. */
  readonly bytes: ByteFigures & { readonly setup: ByteFigures; readonly upPerRoundMedian: number };
  readonly macs: {
    readonly train: number;
    /** In measuring moments, of the last model too. */
    readonly moments: number;
    /** Multiply-accumulates of one sample through the final sparse model, counted by the mask. */
    readonly forwardPerSample: number;
    /** The same network dense. */
    readonly forwardPerSampleDense: number;
  };
  readonly peakBytes: number;
  readonly seconds: number;
  readonly mask: { readonly version: number; readonly hash: string };
  readonly selection: SelectionFigures | null;
  readonly backends: readonly string[];
  readonly refusals: Readonly<Record<string, number>>;
  /**
   * Clients that measured the moments of the final model; null if they were gathered in training or
   * selection.
   */
  readonly momentClients: number | null;
}
