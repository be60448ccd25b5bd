import {
  datasetSize,
  EspalierError,
  splitFraction,
  subset,
  type Dataset,
  type Evaluation,
  type MomentTree,
} from '@espalier/core';
import type { ClientMessage, ServerMessage } from '@espalier/core/protocol';
import { candidateModel } from '@espalier/core/round';
import { EVALUATION_BATCH, type TaskContext } from './task-context.js';

/**
 * Adaptive batch-norm selection, first half (FedTiny, S3): for every candidate the batch-norm statistics of the
 * development samples under its frozen weights. Every candidate is built from the received pool alone, so their order
 * cannot matter.
 */
export async function candidateMoments(
  context: TaskContext,
  { pool, mode, batchSize }: Extract<ServerMessage, { kind: 'pool' }>,
): Promise<ClientMessage> {
  const { job, trainer, memory } = context;
  const development = developmentSamples(context);
  memory.pool = { pool, batchSize };
  const candidates: MomentTree[] = [];
  for (const counts of pool.counts) {
    const { mask, params } = candidateModel(job.graph, pool, counts);
    await trainer.load(job.graph, { params, moments: pool.moments }, mask);
    candidates.push(
      await trainer.batchNormMoments(development, { mode, batchSize, normalization: job.normalization }),
    );
  }
  return { kind: 'candidateMoments', candidates, samples: datasetSize(development) };
}

/** Second half (S5): every candidate's loss under the merged statistics. */
export async function candidateLosses(
  context: TaskContext,
  merged: readonly MomentTree[],
): Promise<ClientMessage> {
  const { job, trainer, memory } = context;
  if (memory.pool === null)
    throw new EspalierError('not_expected', 'merged statistics came without a pool before them');
  const { pool } = memory.pool;
  const development = developmentSamples(context);
  const candidates: Evaluation[] = [];
  for (const [c, counts] of pool.counts.entries()) {
    const moments = merged[c];
    if (!moments) throw new EspalierError('malformed_message', `no merged statistics for candidate ${c}`);
    const { mask, params } = candidateModel(job.graph, pool, counts);
    await trainer.load(job.graph, { params, moments }, mask);
    candidates.push(
      await trainer.evaluate(development, { batchSize: EVALUATION_BATCH, normalization: job.normalization }),
    );
  }
  return { kind: 'candidateLosses', candidates };
}

/** The same share of the training samples in both halves. */
function developmentSamples({ job, data, partitionIndex }: TaskContext): Dataset {
  const key = { seed: job.seed, purpose: 'development', partition: partitionIndex };
  const { first } = splitFraction(datasetSize(data.train), job.developmentFraction, key);
  return subset(data.train, first);
}
