import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import { parameterSpecs } from '../graph/parameters.js';
import { denseMask, Mask } from '../mask/mask.js';
import { packActive, packedLength, unpackActive } from '../params/pack.js';
import { serverOptimizerContract } from '../testing/server-optimizer-contract.js';
import { average, emptySlots, moveSlots, serverOptimizerNamed, serverOptimizers } from './index.js';

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
