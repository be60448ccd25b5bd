import { describe, expect, it } from '@jest/globals';
import { Mask, maskableSpecs, type GraphNode, type ModelGraph } from '@espalier/core';
import type { Draft } from './draft.js';
import type { ProgramSpec } from './emission.js';
import { lowerGraph } from './lower.js';
import { draftProgram, draftRefresh } from './program.js';
import { planStore, type Store } from './store.js';

/** Stem, one pruned layer, classifier. */
const graph: ModelGraph = {
  name: 'three layers',
  nodes: [
    { op: 'input', name: 'image', inputs: [], shape: [4, 4, 2] },
    conv('stem', 'image'),
    { op: 'batchNorm', name: 'n', inputs: ['stem'], epsilon: 1e-3, initialGamma: 1 },
    { op: 'relu', name: 'r', inputs: ['n'] },
    conv('c', 'r'),
    { op: 'globalAvgPool', name: 'pool', inputs: ['c'] },
    { op: 'dense', name: 'logits', inputs: ['pool'], units: 2, useBias: true },
  ],
  output: 'logits',
  blocks: [],
};

function conv(name: string, input: string): GraphNode {
  const rest = { kernelSize: [3, 3], strides: [1, 1], padding: 'same', groups: 1, useBias: false } as const;
  return { op: 'conv2d', name, inputs: [input], filters: 4, ...rest };
}

/** The layer `c` with its first weights kept, a share of them. */
function keeping(share: number): Mask {
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => ({
      name,
      size,
      active: Uint32Array.from({ length: share * size }, (_, i) => i),
    })),
  );
}

const model = lowerGraph(graph);
const LEARN: ProgramSpec = {
  kind: 'learn',
  lanes: 4,
  lossSamples: 4,
  denseGradients: new Set(),
  recompute: true,
};

function storeFor(share: number): Store {
  return planStore(model, keeping(share), { base: 1024, denseFrom: 0.9 });
}

function names({ ops }: Draft): readonly string[] {
  return ops.map(([name]) => name);
}

function programOf(share: number, spec: Partial<ProgramSpec>): ReturnType<typeof draftProgram> {
  return draftProgram(model, storeFor(share), { ...LEARN, ...spec });
}

/** Classifier and loss. */
const LAST = ['denseConv', 'loss'];
/** The backward pass of the classifier and the pool before it. */
const BACK = ['denseWeightGrad', 'biasGrad', 'denseConv', 'fill', 'poolGrad'];

describe('a program', () => {
  it('infers with running statistics', () => {
    expect(names(programOf(0.5, { kind: 'infer' }).draft)).toEqual([
      ...['loadImages', 'zeroGaps', 'denseConv', 'normRunning', 'join', 'sparseConv', 'pool'],
      ...LAST,
    ]);
  });

  it("observes with the batch's own", () => {
    expect(names(programOf(0.5, { kind: 'observe' }).draft)).toEqual([
      ...['loadImages', 'zeroGaps', 'denseConv', 'channelStats', 'normBatch', 'join', 'sparseConv', 'pool'],
      ...LAST,
    ]);
  });

  it('learns: the output of the norm is made again, its gradient takes the place of its input', () => {
    const { draft } = programOf(0.5, {});
    const backward = names(draft).slice(names(draft).indexOf('loss') + 1);

    expect(backward).toEqual([
      ...BACK,
      ...['join', 'sparseWeightGrad', 'zeroGaps', 'sparseConv'],
      ...['joinGrad', 'denseWeightGrad'],
    ]);
  });

  it('keeps the output of the norm where it may, in more memory', () => {
    const [kept, made] = [programOf(0.5, { recompute: false }), programOf(0.5, { recompute: true })];
    const joins = [kept, made].map(({ draft }) => names(draft).filter((name) => name === 'join').length);

    expect(joins).toEqual([1, 2]);
    expect(kept.arenaBytes).toBeGreaterThanOrEqual(made.arenaBytes);
  });

  it('computes a layer that lacks few weights with all, and picks the gradients of those kept', () => {
    const { draft } = programOf(0.95, {});

    expect(names(draft)).not.toContain('sparseConv');
    expect(names(draft).filter((name) => name === 'gatherAdd')).toHaveLength(1);
    expect(names(draftRefresh(storeFor(0.95)))).toContain('scatter');
  });

  it('pauses behind the whole gradient of a kernel that is asked for', () => {
    const { draft } = programOf(0.5, { denseGradients: new Set(['c/kernel']) });
    const [pause] = draft.pauses;

    expect(pause?.label).toBe('c/kernel');
    expect(pause?.buffer.bytes).toBe(4 * 3 * 3 * 4 * 4);
    expect(names(draft).slice((pause?.end ?? 0) - 3, pause?.end)).toEqual([
      'sparseWeightGrad',
      'fill',
      'denseWeightGrad',
    ]);
  });

  it('takes the mean of the loss over the whole batch', () => {
    const scales = programOf(0.5, { lossSamples: 32 }).draft.ops.flatMap(([name, args]) =>
      name === 'loss' ? [args.scale] : [],
    );
    expect(scales).toEqual([1 / 32]);
  });
});

describe('the store', () => {
  it('has a slot for every parameter, of what is kept, in fours', () => {
    const { slots, floats } = storeFor(0.5);

    // name, values, kept, first float
    expect(slots.map(({ name, size, count, start }) => [name, size, count, start])).toEqual([
      ['stem/kernel', 72, 72, 0],
      ['n/gamma', 4, 4, 72],
      ['n/beta', 4, 4, 76],
      ['c/kernel', 144, 72, 80],
      ['logits/kernel', 8, 8, 152],
      ['logits/bias', 2, 2, 160],
    ]);
    expect(floats).toBe(164);
  });

  it('gives nothing the same place', () => {
    const { values, grads, floats, result, hyper, offsets, end } = storeFor(0.5);
    const order = [result, hyper, values, grads, offsets, end];

    expect(order.toSorted((a, b) => a - b)).toEqual(order);
    expect(grads - values).toBe(4 * floats);
  });

  it('computes with lists below nine tenths and with all weights from there on', () => {
    const dense = (share: number): boolean | undefined => storeFor(share).layers.get('c')?.dense;
    expect([0.5, 0.89, 0.91, 1].map(dense)).toEqual([false, false, true, true]);
  });
});
