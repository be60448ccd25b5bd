import { describe, expect, it } from '@jest/globals';
import type { GraphNode, ModelGraph } from '../graph/model-graph.js';
import { Mask } from '../mask/mask.js';
import { byteTerms } from './byte-terms.js';
import { costLedger, type ClientRound } from './cost-ledger.js';
import { macTerms } from './mac-terms.js';

function conv(name: string, input: string): GraphNode {
  return {
    ...{ op: 'conv2d', name, inputs: [input], filters: 10, kernelSize: [1, 1], strides: [1, 1] },
    ...{ padding: 'same', groups: 1, useBias: false },
  };
}

/** Weights: a 10, b 100 (the only maskable ones), fc 20; at 4, 4 and 1 output positions. No batch norm. */
const graph: ModelGraph = {
  name: 'three',
  nodes: [
    { op: 'input', name: 'image', inputs: [], shape: [2, 2, 1] },
    conv('a', 'image'),
    conv('b', 'a'),
    { op: 'globalAvgPool', name: 'pool', inputs: ['b'] },
    { op: 'dense', name: 'fc', inputs: ['pool'], units: 2, useBias: false },
  ],
  output: 'fc',
  blocks: [],
};

function keeping(count: number): Mask {
  return new Mask([
    { name: 'b/kernel', size: 100, active: Uint32Array.from({ length: count }, (_, i) => i) },
  ]);
}

/** Two clients with three samples each, on a fifth of the weights: 50 values, forward 40 + 80 + 20. */
const plain: ClientRound = {
  graph,
  clients: 2,
  modelled: { mask: keeping(20), requests: [] },
  carried: keeping(20),
  delivery: { kind: 'known' },
  asked: [],
  ownChanges: [],
  samples: 6,
  localEpochs: 1,
  gradientSamples: 2,
  denseFrom: 0.75,
  moments: { kind: 'training' },
  maxFrameBytes: 1000,
};
const five = [{ layer: 'b/kernel', count: 5 }];
const fiveChanged = [{ layer: 'b/kernel', dropped: 5, grown: 5 }];

/** Without terms that are 0. */
function ledger(terms: typeof byteTerms, round: Partial<ClientRound>): Record<string, number> {
  const all = costLedger(terms, [{ ...plain, ...round }]);
  return Object.fromEntries(Object.entries(all).filter(([, figure]) => figure !== 0));
}

// By coordinate, 20 of 100 indices take 7 bits each, 17.5 bytes, with every model. Frames of short messages add 56.
const INDICES = -2 * 2 * 17.5;
const MESSAGES = 2 * (106 + 56 + 105 + 56 + 4 + 56);

describe('bytes beside the model', () => {
  it.each<readonly [string, Partial<ClientRound>, Record<string, number>]>([
    ['an ordinary round', {}, {}],
    // Rice code of 20 of 100 takes 20·(2 + 1 ÷ (1 − 0.8⁴)) bits.
    ['a whole mask', { delivery: { kind: 'whole' } }, { masks: 2 * (6 + 22 + 8 + 10) }],
    // A list of 5 of 100 takes 5·(4 + 1 ÷ (1 − 0.95¹⁶)) bits, twice.
    [
      'a change',
      { delivery: { kind: 'changes', layers: fiveChanged } },
      { masks: 2 * (6 + 34 + 15 + 4 + 4) },
    ],
    ['reported gradients', { asked: five }, { gradients: 2 * (30 + 5 * 4 + 4) }],
    [
      'gradients that the model counts, and nobody reports',
      { modelled: { mask: keeping(20), requests: five } },
      { gradients: (-2 * 5 * (7 + 32)) / 8 },
    ],
    ['own masks', { ownChanges: fiveChanged }, { ownMasks: 2 * (34 + 6 + 34 + 15 + 4 + 4) }],
    ['half of the mask', { carried: keeping(10) }, { parts: -2 * 2 * 4 * 10 }],
    // Without batch norms there is nothing in a measurement but heads and frames.
    [
      'a measurement',
      { moments: { kind: 'measured', samples: 6 } },
      { messages: MESSAGES + 2 * (59 + 56 + 28 + 56 + 4 + 56) },
    ],
    // 306 and 305 bytes in chunks of 186.
    ['small frames', { maxFrameBytes: 256 }, { messages: MESSAGES + 2 * 2 * 18 }],
  ])('of %s', (_, round, expected) => {
    expect(ledger(byteTerms, round)).toEqual({ indices: INDICES, messages: MESSAGES, ...expected });
  });

  it('of a dense mask are nothing for its indices', () => {
    const dense = { carried: keeping(100), modelled: { mask: null, requests: [] } };
    expect(ledger(byteTerms, { ...dense, delivery: { kind: 'whole' } })).toEqual({
      masks: 2 * (6 + 22 + 8),
      messages: MESSAGES,
    });
  });
});

describe('operations beside the model', () => {
  it.each<readonly [string, Partial<ClientRound>, Record<string, number>]>([
    ['an ordinary round', {}, {}],
    ['two epochs', { localEpochs: 2 }, { firstLayer: -2 * 6 * 40 }],
    ['gradients of a layer, of the last batches', { asked: five }, { gradients: 2 * 400 }],
    ['the same in masks of their own', { ownChanges: fiveChanged }, { gradients: 2 * 400 }],
    [
      'a dense pass that the model counts',
      { modelled: { mask: keeping(20), requests: five } },
      { gradients: -2 * 6 * (460 - 140) },
    ],
    ['half of the mask', { carried: keeping(10) }, { parts: -3 * 6 * 40 }],
    ['a measurement', { moments: { kind: 'measured', samples: 5 } }, { moments: 5 * 140 }],
    [
      'a layer that is nearly dense',
      { carried: keeping(80), modelled: { mask: keeping(80), requests: [] } },
      { fullLayers: 3 * 6 * 80 },
    ],
    [
      'a trainer that computes with all weights, gradients included',
      { denseFrom: 0, asked: five },
      { fullLayers: 3 * 6 * 320 },
    ],
  ])('of %s', (_, round, expected) => {
    expect(ledger(macTerms, round)).toEqual({ firstLayer: -6 * 40, ...expected });
  });
});

it('adds rounds up', () => {
  expect(costLedger(macTerms, [plain, plain])).toMatchObject({ firstLayer: -2 * 6 * 40, parts: 0 });
  expect(new Set(byteTerms.map(({ id }) => id)).size).toBe(byteTerms.length);
});
