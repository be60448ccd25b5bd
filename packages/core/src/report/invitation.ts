import type { ModelGraph } from '../graph/model-graph.js';
import type { DataSpec, PartitionSpec } from '../data/data-spec.js';

/**
 * Description of a job that a join page shows before people take part; public to anyone who can reach the
 * coordinator.
 */
export interface Invitation {
  readonly name: string;
  readonly method: string;
  readonly protocolVersion: number;
  readonly graph: ModelGraph;
  readonly parameters: number;
  readonly classes: readonly string[];
  readonly imageShape: readonly [number, number, number];
  readonly data: DataSpec;
  readonly partition: PartitionSpec;
  readonly seed: number;
  readonly serverSamplesPerClass: number;
  readonly numClients: number;
  readonly rounds: number;
  readonly localEpochs: number;
  readonly batchSize: number;
  readonly targetDensity: number;
  /** Share of a client's samples that it holds out for evaluation. */
  readonly evaluationFraction: number;
  /** A join token is asked for. */
  readonly needsToken: boolean;
}
