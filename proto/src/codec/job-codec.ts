import type { DataSpec, FileDataSpec, Normalization, PartitionSpec } from '@espalier/core';
import type { ClientJob } from '@espalier/core/protocol';
import { v1 } from '../wire.js';
import { malformed } from '../failure.js';
import { decodeGraph, encodeGraph } from './graph-codec.js';
import { atLeastOne, finite, nonNegative, required, toOptionalUint32, toUint32 } from './numbers.js';

/** Writes the facts about a job that a client must know. */
export function encodeJob(job: ClientJob): v1.ClientJob.$Properties {
  return {
    name: job.name,
    seed: job.seed,
    numClients: toUint32(job.numClients, 'numClients'),
    classes: [...job.classes],
    graph: encodeGraph(job.graph),
    data: encodeData(job.data),
    partition: encodePartition(job.partition),
    serverSamplesPerClass: toUint32(job.serverSamplesPerClass, 'server samples'),
    normalization: encodeNormalization(job.normalization),
    developmentFraction: job.developmentFraction,
    evaluationFraction: job.evaluationFraction,
    maxFrameBytes: toUint32(job.maxFrameBytes, 'maxFrameBytes'),
  };
}

/** @throws EspalierError `malformed_message`, `not_finite`, or core's `invalid_graph`. */
export function decodeJob(wire: v1.ClientJob.$Shape | null | undefined): ClientJob {
  const job = required(wire, 'the job');
  return {
    name: job.name ?? '',
    seed: finite(job.seed, 'seed'),
    numClients: atLeastOne(job.numClients, 'numClients'),
    classes: job.classes ?? [],
    graph: decodeGraph(job.graph),
    data: decodeData(job.data),
    partition: decodePartition(job.partition),
    serverSamplesPerClass: job.serverSamplesPerClass ?? 0,
    normalization: decodeNormalization(job.normalization),
    developmentFraction: nonNegative(job.developmentFraction, 'developmentFraction'),
    evaluationFraction: nonNegative(job.evaluationFraction, 'evaluationFraction'),
    maxFrameBytes: atLeastOne(job.maxFrameBytes, 'maxFrameBytes'),
  };
}

/** Per-channel normalisation. */
export function encodeNormalization({ mean, std }: Normalization): v1.Normalization.$Properties {
  return { mean: [...mean], std: [...std] };
}

/** @throws EspalierError `malformed_message` when a deviation is not above 0, `not_finite`. */
export function decodeNormalization(wire: v1.Normalization.$Shape | null | undefined): Normalization {
  const { mean = [], std = [] } = required(wire, 'the normalization');
  if (mean.length !== std.length) throw malformed(`${mean.length} means and ${std.length} deviations`);
  for (const value of mean) finite(value, 'mean');
  for (const value of std) {
    if (finite(value, 'std') <= 0) throw malformed(`a deviation of ${value}; it must be above 0`);
  }
  return { mean, std };
}

function encodeData(data: DataSpec): v1.DataSpec.$Properties {
  if (data.kind === 'procedural') {
    return {
      procedural: {
        numClasses: toUint32(data.numClasses, 'numClasses'),
        samplesPerClass: toUint32(data.samplesPerClass, 'samplesPerClass'),
        testSamplesPerClass: toUint32(data.testSamplesPerClass, 'testSamplesPerClass'),
      },
    };
  }
  const { samplesPerClass, testSamplesPerClass, testFraction } = data;
  return {
    [data.kind]: {
      samplesPerClass: toOptionalUint32(samplesPerClass, 'samplesPerClass'),
      testSamplesPerClass: toOptionalUint32(testSamplesPerClass, 'testSamplesPerClass'),
      testFraction,
    },
  };
}

function decodeData(wire: v1.DataSpec.$Shape | null | undefined): DataSpec {
  const data = required(wire, 'the data');
  switch (data.kind) {
    case 'imageFolder':
      return { kind: 'imageFolder', ...decodeFiles(data.imageFolder) };
    case 'cifarBinary':
      return { kind: 'cifarBinary', ...decodeFiles(data.cifarBinary) };
    case 'idx':
      return { kind: 'idx', ...decodeFiles(data.idx) };
    case 'npy':
      return { kind: 'npy', ...decodeFiles(data.npy) };
    case 'procedural': {
      const { numClasses = 0, samplesPerClass = 0, testSamplesPerClass = 0 } = data.procedural;
      return { kind: 'procedural', numClasses, samplesPerClass, testSamplesPerClass };
    }
    case undefined:
      throw malformed('the data is of no kind');
  }
}

function decodeFiles(wire: v1.ImageFolder.$Shape): Omit<FileDataSpec, 'kind'> {
  const { samplesPerClass = null, testSamplesPerClass = null } = wire;
  const testFraction = nonNegative(wire.testFraction, 'testFraction');
  if (testFraction >= 1) throw malformed(`a testFraction of ${testFraction}; it must be below 1`);
  return { samplesPerClass, testSamplesPerClass, testFraction };
}

function encodePartition(partition: PartitionSpec): v1.PartitionSpec.$Properties {
  switch (partition.kind) {
    case 'iid':
      return { iid: {} };
    case 'dirichlet':
      return {
        dirichlet: { alpha: partition.alpha, minSamples: toUint32(partition.minSamples, 'minSamples') },
      };
    case 'shards':
      return {
        shards: {
          classesPerClient: toUint32(partition.classesPerClient, 'classesPerClient'),
          minSamples: toUint32(partition.minSamples, 'minSamples'),
        },
      };
    case 'quantitySkew':
      return {
        quantitySkew: { alpha: partition.alpha, minSamples: toUint32(partition.minSamples, 'minSamples') },
      };
    case 'byFolder':
      return { byFolder: {} };
    case 'file':
      return { file: { path: partition.path } };
  }
}

function decodePartition(wire: v1.PartitionSpec.$Shape | null | undefined): PartitionSpec {
  const partition = required(wire, 'the partition');
  switch (partition.kind) {
    case 'iid':
      return { kind: 'iid' };
    case 'dirichlet': {
      const { alpha, minSamples = 0 } = partition.dirichlet;
      return { kind: 'dirichlet', alpha: nonNegative(alpha, 'alpha'), minSamples };
    }
    case 'shards': {
      const { classesPerClient = 0, minSamples = 0 } = partition.shards;
      return { kind: 'shards', classesPerClient, minSamples };
    }
    case 'quantitySkew': {
      const { alpha, minSamples = 0 } = partition.quantitySkew;
      return { kind: 'quantitySkew', alpha: nonNegative(alpha, 'alpha'), minSamples };
    }
    case 'byFolder':
      return { kind: 'byFolder' };
    case 'file':
      return { kind: 'file', path: partition.file.path ?? '' };
    case undefined:
      throw malformed('the partition is of no kind');
  }
}
