import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { methodNames, methods, trainsDensely } from '@espalier/core/methods';
import { idealDevice, type Device } from '../devices/device.js';
import type { TrainerPool } from '../pool/trainer-pool.js';
import { simulate } from '../simulate.js';
import { lineStore, localPool } from '../testing/tiny.js';
import { cellResult } from './cell-result.js';
import { parseGrid } from './grid.js';
import { groupCosts } from './report/costs.js';
import type { GroupCosts } from './report/cost-rows.js';
import { unexplained } from './report/ledger.js';

let pool: TrainerPool;
beforeAll(async () => {
  pool = await localPool(1);
});
afterAll(() => pool.dispose());

/** A network in which a message is little beside the weights it carries; the job may be overridden. */
const gridOf = (method: string, set: string): string => `
name: costs
job:
  model: { name: resnet20, width: 6 }
  data: { kind: procedural, numClasses: 3, samplesPerClass: 8, testSamplesPerClass: 1 }
  imageSize: 8
  partition: { kind: iid }
  numClients: 2
  clientsPerRound: 2
  rounds: 3
  localEpochs: 1
  batchSize: 4
  learningRate: 0.01
  pretrain: { epochs: 1, samplesPerClass: 1 }
  pool: { size: 2 }
densities: [${trainsDensely(methods[method]!) ? 1 : 0.2}]
seeds: [1]
methods:
  - { name: ${method}, set: { method: ${method}${methods[method]!.maskRule === null ? '' : ', pruning.interval: 1'}${set} } }
`;

async function costsOf(
  method: string,
  set = '',
  devices: readonly Device[] | null = null,
): Promise<GroupCosts & { readonly shares: readonly number[] }> {
  const [cell] = parseGrid(gridOf(method, set)).cells;
  const { store, lines } = lineStore();
  const run = await simulate({ job: cell!.job, folder: null, pool, store, devices });
  const { shares } = run;
  return { ...groupCosts({ results: [cellResult(cell!, run, { lines, program: 'test' })] }), shares };
}

/** Bytes but for what lists of indices come to, of which only the number is known; operations to the last one. */
function expectExplained({ bytes, macs }: GroupCosts): void {
  expect(bytes!.measured).toBeGreaterThan(0);
  expect(macs!.measured).toBeGreaterThan(0);
  expect(Math.abs(unexplained(bytes)!)).toBeLessThan(0.01);
  expect(Math.abs(unexplained(macs)!)).toBeLessThan(1e-9);
}

describe('the cost model and its terms give what was measured', () => {
  it.each(methodNames().map((name) => [name]))('of %s', async (name) => {
    const costs = await costsOf(name);

    expectExplained(costs);
    // Without activations it can only be less.
    expect(costs.memory!.analytic).toBeLessThan(costs.memory!.measured);
  });

  it('where clients take turns, so that masks grow old, and one trains a part', async () => {
    const turns = ', numClients: 4, rounds: 5, localEpochs: 2';
    const nested = ', heterogeneous: { kind: nested, roundSeconds: 20 }';
    const slow = { ...idealDevice, kind: 'slow', macsPerSecond: 1e5 };
    const costs = await costsOf('feddst', turns + nested, [slow, idealDevice, idealDevice, idealDevice]);

    expect(costs.shares[0]).toBeLessThan(1);
    expect(costs.macs!.terms!.parts).toBeLessThan(0);
    expectExplained(costs);
  });
});
