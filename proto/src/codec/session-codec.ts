import {
  checkDataset,
  ERROR_CODES,
  parameterSpecs,
  type Canary,
  type Dataset,
  type ErrorCode,
  type ErrorFacts,
  printable,
} from '@espalier/core';
import type { DeviceProfile } from '@espalier/core/report';
import { v1 } from '../wire.js';
import { ownBytes, toBytes, toFloat32, toUint16Array } from './arrays.js';
import { malformed } from '../failure.js';
import { decodeGraph, encodeGraph } from './graph-codec.js';
import { decodeNormalization, encodeNormalization } from './job-codec.js';
import { atLeastOne, nonNegative, required, toUint32 } from './numbers.js';
import { cutProse } from './check-bounds.js';

/** The admission test. */
export function encodeCanary({ graph, values, batch, normalization }: Canary): v1.Canary.$Properties {
  return {
    graph: encodeGraph(graph),
    values: toBytes(values),
    batch: encodeDataset(batch),
    normalization: encodeNormalization(normalization),
  };
}

/** @throws EspalierError `malformed_message`, `not_finite`, or core's `invalid_graph` and `invalid_data`. */
export function decodeCanary(wire: v1.Canary.$Shape | null | undefined): Canary {
  const canary = required(wire, 'the canary');
  const graph = decodeGraph(canary.graph);
  const values = toFloat32(canary.values, 'canary values');
  const expected = parameterSpecs(graph).reduce((sum, { size }) => sum + size, 0);
  if (values.length !== expected) throw malformed(`${values.length} canary values, expected ${expected}`);
  return {
    graph,
    values,
    batch: decodeDataset(canary.batch),
    normalization: decodeNormalization(canary.normalization),
  };
}

/** A device as it describes itself. */
export function encodeProfile(profile: DeviceProfile): v1.DeviceProfile.$Properties {
  const { backend, memoryBytes, macsPerSecond, platform } = profile;
  return {
    backend: cutProse(backend, 'short'),
    memoryBytes,
    macsPerSecond,
    platform: cutProse(platform, 'short'),
  };
}

/** @throws EspalierError `malformed_message`, `not_finite`. */
export function decodeProfile(wire: v1.DeviceProfile.$Shape | null | undefined): DeviceProfile {
  const { backend = '', memoryBytes, macsPerSecond, platform = '' } = required(wire, 'the profile');
  return {
    backend: printable(backend),
    memoryBytes: nonNegative(memoryBytes, 'memory'),
    macsPerSecond: nonNegative(macsPerSecond, 'speed'),
    platform: printable(platform),
  };
}

/** Facts of an error; a list, because a map's order is not fixed. */
export function encodeFacts(facts: ErrorFacts): v1.Fact.$Properties[] {
  return Object.entries(facts).map(([name, value]) => {
    switch (typeof value) {
      case 'string':
        return { name, text: cutProse(value, 'sentence') };
      case 'number':
        return { name, number: value };
      default:
        return { name, flag: value };
    }
  });
}

/** @throws EspalierError `malformed_message`. */
export function decodeFacts(facts: readonly v1.Fact.$Shape[] = []): ErrorFacts {
  return Object.fromEntries(facts.map((fact) => [fact.name ?? '', factValue(fact)]));
}

/** The code, or `internal` for one that this version does not know. */
export function decodeCode(code: string | undefined): ErrorCode {
  return ERROR_CODES.find((known) => known === code) ?? 'internal';
}

function factValue(fact: v1.Fact.$Shape): string | number | boolean {
  switch (fact.value) {
    case 'text':
      return printable(fact.text);
    case 'number':
      return fact.number;
    case 'flag':
      return fact.flag;
    case undefined:
      throw malformed(`fact ${fact.name ?? ''} has no value`);
  }
}

function encodeDataset({ imageShape, classes, images, labels }: Dataset): v1.Dataset.$Properties {
  const [height, width, channels] = imageShape;
  return {
    height: toUint32(height, 'height'),
    width: toUint32(width, 'width'),
    channels: toUint32(channels, 'channels'),
    classes: [...classes],
    images,
    labels: toBytes(labels),
  };
}

function decodeDataset(wire: v1.Dataset.$Shape | null | undefined): Dataset {
  const { height, width, channels, classes = [], images, labels } = required(wire, 'the batch');
  const dataset: Dataset = {
    imageShape: [atLeastOne(height, 'height'), atLeastOne(width, 'width'), atLeastOne(channels, 'channels')],
    classes,
    images: ownBytes(images),
    labels: toUint16Array(labels, 'labels'),
  };
  checkDataset(dataset);
  return dataset;
}
