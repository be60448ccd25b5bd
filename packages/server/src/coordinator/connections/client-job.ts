import type { ClientJob, ModelGraph } from '@espalier/core';
import type { CoordinatorOptions } from '../options.js';

/** What clients are told of the job. They hold samples out for evaluation only where the coordinator has no test set. */
export function clientJob(
  { job, classes, testData, serverSamplesPerClass }: CoordinatorOptions,
  graph: ModelGraph,
): ClientJob {
  return {
    name: job.name,
    seed: job.seed,
    numClients: job.numClients,
    classes,
    graph,
    data: job.data,
    partition: job.partition,
    serverSamplesPerClass,
    normalization: job.normalization,
    developmentFraction: job.pool.developmentFraction,
    evaluationFraction: testData === null ? job.evaluationFraction : 0,
    maxFrameBytes: job.maxFrameBytes,
  };
}
