import { describe, expect, it } from '@jest/globals';
import { Mask, type ModelGraph } from '@espalier/core';
import { lowerGraph } from '../plan/lower.js';
import { planStore } from '../plan/store.js';
import { LinearMemory } from '../wasm/linear-memory.js';
import { Buckets } from './buckets.js';
import { writeStructure } from './structure.js';

describe('buckets', () => {
  it('give every row its places, in the order of its items', () => {
    const bounds = new Uint32Array(4);
    const rows = new Buckets(bounds);
    const items = [2, 0, 2, 2];
    for (const row of items) rows.count(row);
    rows.close();

    expect([...bounds]).toEqual([0, 1, 1, 4]);
    expect(items.map((row) => rows.place(row))).toEqual([1, 0, 2, 3]);
  });
});

const CONV = { op: 'conv2d', padding: 'same', strides: [1, 1], groups: 1, useBias: false } as const;

/** A 1×3 convolution from two channels to two, over rows of three pixels. */
const graph: ModelGraph = {
  name: 'rows',
  nodes: [
    { op: 'input', name: 'image', inputs: [], shape: [1, 3, 2] },
    { ...CONV, name: 'x', inputs: ['image'], filters: 2, kernelSize: [1, 1] },
    { ...CONV, name: 'c', inputs: ['x'], filters: 2, kernelSize: [1, 3] },
    { op: 'globalAvgPool', name: 'pool', inputs: ['c'] },
    { op: 'dense', name: 'logits', inputs: ['pool'], units: 2, useBias: false },
  ],
  output: 'logits',
  blocks: [],
};

describe("a layer's structure", () => {
  // Flat index: (tap · 2 + input) · 2 + output. Kept: tap 0 from 0 to 0, tap 1 from 1 to 0, tap 2 from 0 to 1.
  const active = Uint32Array.of(0, 6, 9);
  const mask = new Mask([{ name: 'c/kernel', size: 12, active }]);
  const memory = new LinearMemory();
  const layer = planStore(lowerGraph(graph), mask, { base: 64, denseFrom: 0.9 }).layers.get('c');
  if (!layer) throw new Error('the layer has no place');
  writeStructure(memory, layer, active);

  it('lists the weights of each output, with the positions from it to what they read', () => {
    expect([...memory.u32(layer.rowPtr, 3)]).toEqual([0, 8, 12]);
    expect([...memory.u32(layer.flat, 3)]).toEqual([0, 6, 9]);
    // A row is three pixels and a gap, and so is a channel: one to the left; the next channel; one to the right.
    expect([...memory.i32(layer.off, 3)]).toEqual([-1, 4, 1]);
  });

  it('and the same weights by input, with the positions to the outputs that they reach', () => {
    expect([...memory.u32(layer.backPtr, 3)]).toEqual([0, 8, 12]);
    // Bytes of each weight in the order above.
    expect([...memory.u32(layer.backFrom, 3)]).toEqual([0, 8, 4]);
    expect([...memory.i32(layer.backOff, 3)]).toEqual([1, 3, 0]);
  });
});
