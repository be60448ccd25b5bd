import { EspalierError, isEspalierError } from '@espalier/core';
import { PROTOCOL_VERSION } from '@espalier/core/protocol';
import { describe, expect, it } from '@jest/globals';
import { v1, writeWire } from '../wire.js';
import { sampleGraph, sampleMask } from '../testing/sample-graph.js';
import { clientSamples, serverSamples } from '../testing/samples.js';
import { toBytes } from './arrays.js';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  wireContext,
} from './index.js';

const context = wireContext(sampleGraph);

function errorOf(action: () => unknown): EspalierError {
  try {
    action();
  } catch (error) {
    if (isEspalierError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The wire form of a sample, to be spoilt. */
function clientWire(name: string): v1.ClientMessage.$Properties {
  const sample = clientSamples.find((candidate) => candidate.name === name);
  if (sample === undefined) throw new Error(`no sample ${name}`);
  return v1.ClientMessage.decode(encodeClientMessage(sample.message, context));
}

function serverWire(name: string): v1.ServerMessage.$Properties {
  const sample = serverSamples.find((candidate) => candidate.name === name);
  if (sample === undefined) throw new Error(`no sample ${name}`);
  return v1.ServerMessage.decode(encodeServerMessage(sample.message, context));
}

function without<T extends object, Name extends keyof T>(wire: T, name: Name): Omit<T, Name> {
  const rest = { ...wire };
  Reflect.deleteProperty(rest, name);
  return rest;
}

const floats = (...values: number[]): Uint8Array => toBytes(Float32Array.from(values));
const badGraph = (...nodes: v1.GraphNode.$Properties[]): v1.ModelGraph.$Properties => ({
  ...{ name: 'bad', nodes: [{ name: 'image', input: { shape: [4, 4, 1] } }, ...nodes], output: 'image' },
});

describe('a client message is refused', () => {
  const update = clientWire('update/ordinary').update!;
  const adjusting = clientWire('update/adjusting').update!;
  const top = adjusting.topGradients![0]!;
  const own = clientWire('update/own-mask').update!;
  const join = clientWire('join/open').join!;

  it.each<[string, v1.ClientMessage.$Properties, string, string]>([
    ['of no kind', {}, 'malformed_message', 'none of the known kinds'],
    [
      'with NaN in its delta',
      { update: { ...update, delta: floats(1, NaN) } },
      'not_finite',
      'value 1 of delta',
    ],
    [
      'with ∞ in its delta',
      { update: { ...update, delta: floats(Infinity) } },
      'not_finite',
      'value 0 of delta',
    ],
    [
      'with half a float',
      { update: { ...update, delta: new Uint8Array(6) } },
      'malformed_message',
      '6 bytes',
    ],
    ['with NaN in its moments', { update: { ...update, moments: floats(NaN) } }, 'not_finite', 'moments'],
    ['with too few moments', { update: { ...update, moments: floats(0) } }, 'wrong_length', 'expected 8'],
    [
      'with a negative variance',
      { update: { ...update, moments: floats(0, 0, 1, 1, 0, 0, 1, -1) } },
      'malformed_message',
      'variance of conv.norm',
    ],
    [
      'with an own mask of another mask than the received',
      { update: { ...own, maskHash: adjusting.maskHash! } },
      'malformed_message',
      'expected the mask that was received',
    ],
    [
      'with an own mask without its changes',
      { update: { ...own, ownMask: without(own.ownMask!, 'delta') } },
      'malformed_message',
      'own mask',
    ],
    [
      'with an own mask of a short hash',
      { update: { ...own, ownMask: { ...own.ownMask!, hash: new Uint8Array(3) } } },
      'malformed_message',
      '3 bytes',
    ],
    [
      'with a short hash',
      { update: { ...update, maskHash: new Uint8Array(31) } },
      'malformed_message',
      '31 bytes',
    ],
    ['without metrics', { update: without(update, 'metrics') }, 'malformed_message', 'metrics is missing'],
    [
      'with an infinite loss',
      { update: { ...update, metrics: { ...update.metrics, loss: Infinity } } },
      'not_finite',
      'loss',
    ],
    [
      'with gradients of an unknown layer',
      { update: { ...adjusting, topGradients: [{ ...top, layer: 2 }] } },
      'malformed_message',
      'layer 2 of 2',
    ],
    [
      'with more indices than gradients',
      { update: { ...adjusting, topGradients: [{ ...top, values: floats(1, 2) }] } },
      'malformed_message',
      '2 top gradients for 3 indices',
    ],
    [
      'with NaN among its gradients',
      { update: { ...adjusting, topGradients: [{ ...top, values: floats(1, NaN, 3) }] } },
      'not_finite',
      'top gradients',
    ],
    [
      'with an index coding that does not exist',
      {
        update: {
          ...adjusting,
          topGradients: [{ ...top, indices: Object.assign({}, top.indices, { coding: 99 }) }],
        },
      },
      'malformed_message',
      'index coding 99',
    ],
    [
      'with more correct than samples',
      { evaluation: { round: 1, evaluation: { correct: 3, samples: 2 } } },
      'malformed_message',
      '3 correct of 2',
    ],
    [
      'with an image of no height',
      { join: { ...join, imageHeight: 0 } },
      'malformed_message',
      'image height',
    ],
    [
      'with a negative memory',
      { join: { ...join, profile: { memoryBytes: -1 } } },
      'malformed_message',
      'memory',
    ],
    [
      'unreadable and of another version',
      { join: { ...without(join, 'profile'), protocolVersion: 99 } },
      'protocol_version',
      'speaks protocol version 99',
    ],
  ])('%s', (_, wire, code, sentence) => {
    const error = errorOf(() => decodeClientMessage(writeWire(v1.ClientMessage, wire), context));

    expect(error.code).toBe(code);
    expect(error.rawMessage).toContain(sentence);
  });

  it('says which kind of message it was', () => {
    const bytes = writeWire(v1.ClientMessage, { update: { ...update, delta: floats(NaN) } });

    expect(errorOf(() => decodeClientMessage(bytes, context)).facts).toMatchObject({
      message: 'update',
      index: 0,
    });
  });

  it('hands on a readable join of another version', () => {
    const bytes = writeWire(v1.ClientMessage, { join: { ...join, protocolVersion: PROTOCOL_VERSION + 1 } });

    expect(decodeClientMessage(bytes, context)).toMatchObject({ protocolVersion: PROTOCOL_VERSION + 1 });
  });

  it('ignores fields that it does not know', () => {
    const plain = writeWire(v1.ClientMessage, { requestMask: { round: 3 } });

    expect(decodeClientMessage(Uint8Array.of(...plain, 0xf8, 0x07, 1), context)).toEqual({
      kind: 'requestMask',
      round: 3,
    });
  });
});

describe('a server message is refused', () => {
  const train = serverWire('train/mask-delta').train!;
  const whole = serverWire('train/whole-mask').train!;
  const { delta } = train.model!.maskUpdate!;
  const { full } = whole.model!.maskUpdate!;
  const pool = serverWire('pool/two-candidates').pool!;
  const challenge = serverWire('challenge/procedural-dirichlet').challenge!;
  const reluNode: v1.GraphNode.$Properties = {
    name: 'x',
    inputs: ['image'],
    plain: v1.PlainOp.PLAIN_OP_RELU,
  };
  const welcome = serverWire('welcome/first').welcome!;

  const withMask = (maskUpdate: v1.MaskUpdate.$Properties): v1.ServerMessage.$Properties => ({
    train: { ...train, model: { ...train.model, maskUpdate } },
  });
  const readjusting = serverWire('train/readjusting').train!;
  const pressing = readjusting.work!.extrusion!;
  const withWork = (work: v1.TrainWork.$Properties): v1.ServerMessage.$Properties => ({
    train: { ...readjusting, work: { ...readjusting.work, ...work } },
  });
  const withGraph = (graph: v1.ModelGraph.$Properties): v1.ServerMessage.$Properties => ({
    challenge: { ...challenge, job: { ...challenge.job, graph } },
  });

  it.each<[string, v1.ServerMessage.$Properties, string]>([
    ['of no kind', {}, 'none of the known kinds'],
    ['without a model', { finish: { round: 1 } }, 'the model is missing'],
    ['with a mask update of no kind', withMask({}), 'of no kind'],
    ['with a mask of one layer', withMask({ full: { ...full, layers: [full!.layers![0]!] } }), '1 layers'],
    [
      'with mask layers out of order',
      withMask({ full: { ...full, layers: [...full!.layers!].reverse() } }),
      'expected conv/kernel of 36',
    ],
    [
      'with a layer of another size',
      withMask({
        full: { ...full, layers: full!.layers!.map((layer) => ({ ...layer, size: 2 ** 32 - 1 })) },
      }),
      'expected conv/kernel of 36',
    ],
    ['with a layer changed twice', withMask({ delta: { ...delta, layers: [1, 1] } }), 'ascending'],
    ['with a readjustment of nothing', withWork({ readjustment: 0 }), 'expected a share above 0'],
    ['with a readjustment of more than all', withWork({ readjustment: 1.5 }), 'expected a share above 0'],
    [
      'with an extrusion of more than all',
      withWork({ extrusion: { ...pressing, share: 1.01 } }),
      'expected at most 1',
    ],
    [
      'with extruded layers out of order',
      withWork({ extrusion: { ...pressing, layers: [1, 0] } }),
      'ascending',
    ],
    ['with an extruded layer that is not', withWork({ extrusion: { ...pressing, layers: [7] } }), '7'],
    ['with a list too few', withMask({ delta: { ...delta, layers: [0] } }), '2 index lists for 1'],
    [
      'with counts over the union',
      { pool: { ...pool, pool: { ...pool.pool, counts: [toBytes(Uint32Array.of(7, 1))] } } },
      '7 kept of 6',
    ],
    [
      'with counts for one layer',
      { pool: { ...pool, pool: { ...pool.pool, counts: [toBytes(Uint32Array.of(1))] } } },
      '1 counts for 2 layers',
    ],
    ['with batches of nothing', { pool: { ...pool, batchSize: 0 } }, 'batch size is 0'],
    ['with a graph whose shapes disagree', withGraph(badGraph()), "is the graph's output"],
    ['with a node of no op', withGraph(badGraph({ name: 'x', inputs: ['image'] })), 'node x has no op'],
    [
      'with a plain op that does not exist',
      withGraph(badGraph(Object.assign({}, reluNode, { plain: 99 }))),
      'plain op 99',
    ],
    [
      'with a kernel of no extent',
      withGraph(
        badGraph({ name: 'x', inputs: ['image'], conv2d: { filters: 1, groups: 1, kernelSize: {} } }),
      ),
      'kernel size is 0',
    ],
    [
      'with an input of two dimensions',
      withGraph({ nodes: [{ name: 'image', input: { shape: [4, 4] } }] }),
      '2 dimensions',
    ],
    [
      'with a graph too large to be honest',
      withGraph({
        ...{ name: 'huge', output: 'fc' },
        nodes: [
          { name: 'image', input: { shape: [65536] } },
          { name: 'fc', inputs: ['image'], dense: { units: 65536 } },
        ],
      }),
      'at most 268435456',
    ],
    [
      'with too few canary values',
      { welcome: { ...welcome, canary: { ...welcome.canary, values: floats(1) } } },
      '1 canary values, expected 97',
    ],
    [
      'with a label of no class',
      {
        welcome: {
          ...welcome,
          canary: {
            ...welcome.canary,
            batch: { ...welcome.canary!.batch, labels: Uint8Array.of(9, 0, 0, 0) },
          },
        },
      },
      'label 9',
    ],
    [
      'with a deviation of 0',
      { challenge: { ...challenge, job: { ...challenge.job, normalization: { mean: [0], std: [0] } } } },
      'deviation of 0',
    ],
  ])('%s', (_, wire, sentence) => {
    const error = errorOf(() => decodeServerMessage(writeWire(v1.ServerMessage, wire), context));

    expect(error.code).toBe('malformed_message');
    expect(error.rawMessage).toContain(sentence);
  });

  it('when it needs the graph and comes before the challenge', () => {
    const bytes = encodeServerMessage(
      serverSamples.find(({ name }) => name === 'poolMoments/two')!.message,
      context,
    );

    expect(errorOf(() => decodeServerMessage(bytes, wireContext(null))).rawMessage).toContain(
      'before the challenge',
    );
  });

  it('reads a code it does not know as internal', () => {
    const bytes = writeWire(v1.ServerMessage, { refused: { code: 'of_tomorrow', message: 'no' } });

    expect(decodeServerMessage(bytes, context)).toMatchObject({
      kind: 'refused',
      code: 'internal',
      message: 'no',
    });
  });
});

describe('encoding refuses what cannot travel', () => {
  it.each<[string, Parameters<typeof encodeClientMessage>[0]]>([
    ['a fractional round', { kind: 'requestMask', round: 1.5 }],
    ['a negative round', { kind: 'requestMask', round: -1 }],
    ['a round beyond 32 bits', { kind: 'requestMask', round: 2 ** 32 }],
  ])('%s', (_, message) => {
    expect(errorOf(() => encodeClientMessage(message, context)).code).toBe('invalid_argument');
  });

  it('a hash that is none, a layer that is not maskable', () => {
    const { message } = serverSamples.find(({ name }) => name === 'train/values-only')!;
    if (message.kind !== 'train') throw new Error('not a train message');
    const model = { ...message.model, mask: { version: 0, hash: 'abc' } };
    const maskUpdate = { kind: 'delta' as const, parent: sampleMask.hash, layers: [empty('stem/kernel')] };

    expect(errorOf(() => encodeServerMessage({ ...message, model }, context)).code).toBe('invalid_argument');
    expect(
      errorOf(() => encodeServerMessage({ ...message, model: { ...message.model, maskUpdate } }, context))
        .code,
    ).toBe('invalid_argument');
  });
});

function empty(name: string): { name: string; dropped: Uint32Array; grown: Uint32Array } {
  return { name, dropped: new Uint32Array(0), grown: new Uint32Array(0) };
}
