import { type ModelGraph, EspalierError, toEspalierError } from '@espalier/core';
import { PROTOCOL_VERSION, type ClientJob } from '@espalier/core/protocol';
import type { ConnectionOptions } from './connection-options.js';
import { decodeServerMessage, encodeServerMessage, wireContext } from '@espalier/proto';

/**
 * Builds the part of the job that clients are told. They hold samples out for evaluation only where the
 * coordinator has no test set.
 * @throws EspalierError `invalid_job` when no client could read it, as with a class name that has control
 * characters: it fails here rather than at one client after another.
 */
export function clientJob(
  options: Pick<ConnectionOptions, 'job' | 'classes' | 'testData' | 'serverSamplesPerClass'>,
  graph: ModelGraph,
): ClientJob {
  const { job, classes, testData, serverSamplesPerClass } = options;
  const told: ClientJob = {
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
  checkReadable(told);
  return told;
}

function checkReadable(job: ClientJob): void {
  const context = wireContext(job.graph);
  const nonce = new Uint8Array();
  try {
    const challenge = { kind: 'challenge' as const, protocolVersion: PROTOCOL_VERSION, nonce, job };
    decodeServerMessage(encodeServerMessage(challenge, context), wireContext(null));
  } catch (error) {
    const { rawMessage, facts } = toEspalierError(error);
    throw new EspalierError('invalid_job', `clients could not read this job: ${rawMessage}`, facts);
  }
}
