import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import { parameterSpecs } from '../graph/parameters.js';
import { denseMask, Mask } from '../mask/mask.js';
import { packActive, packedLength, unpackActive } from '../params/pack.js';
import { serverOptimizerContract } from '../testing/server-optimizer-contract.js';
import {
  adam,
  average,
  emptySlots,
  momentum,
  moveSlots,
  serverOptimizerNamed,
  serverOptimizers,
} from './index.js';

for (const optimizer of Object.values(serverOptimizers)) serverOptimizerContract(optimizer);

describe('the registry of server optimisers', () => {
  it('lists each under its id, and names the valid ones', () => {
    for (const [id, optimizer] of Object.entries(serverOptimizers)) expect(optimizer.id).toBe(id);
    expect(serverOptimizerNamed('average')).toBe(average);
    expect(() => serverOptimizerNamed('avarage')).toThrow('did you mean average');
  });
});

describe('what an optimiser remembers', () => {
  const graph = buildModel({ name: 'mlp', width: 2 }, [2, 2, 1], 2);
  const dense = denseMask(graph);
  const layer = dense.layers[0]!;
  const masked = (...active: number[]): Mask =>
    new Mask([{ ...layer, active: Uint32Array.from(active) }, ...dense.layers.slice(1)]);
  const [before, after] = [masked(0, 1), masked(1, 3)];

  it('starts at nothing', () => {
    const slots = emptySlots({ ...average, slots: ['momentum'] }, graph, before);
    expect(slots).toEqual({ momentum: new Float32Array(packedLength(graph, before)) });
  });

  it('follows an exchange: what was dropped is forgotten, what grows starts at 0', () => {
    const params = new Map(
      parameterSpecs(graph).map(({ name, size }) => [name, new Float32Array(size).fill(5)]),
    );
    params.set(
      layer.name,
      Float32Array.from({ length: layer.size }, (_, i) => i + 1),
    );
    const slots = { momentum: packActive(graph, before, params) };
    const moved = moveSlots(graph, slots, { before, after });
    const values = unpackActive(graph, after, moved['momentum']!);
    expect([...values.get(layer.name)!.subarray(0, 4)]).toEqual([0, 2, 0, 0]);
    for (const [name, own] of values) if (name !== layer.name) expect(own).toEqual(params.get(name));
  });
});

describe('server optimisers by hand', () => {
  const none = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, new Float32Array(2)]));

  it('momentum: a velocity of half the last and the difference, twice as long a step', () => {
    const options = { learningRate: 2, beta: 0.5 };
    const first = momentum.step(Float64Array.of(1, -2), none(momentum.slots), { round: 0, options });
    const second = momentum.step(Float64Array.of(1, 0), first.slots, { round: 1, options });

    expect([...first.update]).toEqual([2, -4]);
    // v = 0.5·(1, −2) + (1, 0)
    expect([...second.update]).toEqual([3, -2]);
  });

  it('adam: η·m ÷ (√v + τ), without bias correction', () => {
    const options = { learningRate: 1, beta1: 0.5, beta2: 0.75, tau: 1 };
    const first = adam.step(Float64Array.of(4, 0), none(adam.slots), { round: 0, options });
    const second = adam.step(Float64Array.of(0, 0), first.slots, { round: 1, options });

    // m = 2, v = 4: 2 ÷ (2 + 1)
    expect([...first.update]).toEqual([2 / 3, 0]);
    // m = 1, v = 3
    expect(second.update[0]).toBeCloseTo(1 / (Math.sqrt(3) + 1), 6);
  });
});
