import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { costDifferences, methodNames, methods, trainsDensely } from '@espalier/core';
import { noStore, type RoundMetrics } from '@espalier/server/coordinator';
import type { TrainerPool } from '../pool/trainer-pool.js';
import { simulate } from '../simulate.js';
import { localPool } from '../testing/tiny.js';
import { cellResult } from './cell-result.js';
import { parseGrid } from './grid.js';
import { costsAgree, groupCosts, type GroupCosts } from './report/costs.js';

let pool: TrainerPool;
beforeAll(async () => {
  pool = await localPool(1);
});
afterAll(() => pool.dispose());

/** A network in which the first layer is little beside the rest, and a message little beside the weights it carries. */
const gridOf = (method: string): string => `
name: costs
job:
  model: { name: resnet20, width: 8 }
  data: { kind: procedural, numClasses: 3, samplesPerClass: 12, testSamplesPerClass: 2 }
  imageSize: 8
  partition: { kind: iid }
  numClients: 3
  clientsPerRound: 2
  rounds: 4
  localEpochs: 1
  batchSize: 4
  learningRate: 0.01
  pretrain: { epochs: 1, samplesPerClass: 1 }
  pool: { size: 2 }
densities: [${trainsDensely(methods[method]!) ? 1 : 0.2}]
seeds: [1]
methods:
  - { name: ${method}, set: { method: ${method}${methods[method]!.maskRule === null ? '' : ', pruning.interval: 1'} } }
`;

async function costsOf(method: string): Promise<GroupCosts> {
  const [cell] = parseGrid(gridOf(method)).cells;
  const lines: RoundMetrics[] = [];
  const store = { ...noStore, metrics: (line: RoundMetrics) => Promise.resolve(void lines.push(line)) };
  const run = await simulate({ job: cell!.job, folder: null, pool, store });
  return groupCosts({ results: [cellResult(cell!, run, { lines, program: 'test' })] });
}

describe('the cost model beside what was measured', () => {
  it.each(methodNames().map((name) => [name]))(
    'of %s: within 3 %, or the method says why not',
    async (name) => {
      const { bytes, macs, memory } = await costsOf(name);
      const reasons = costDifferences(methods[name]!);

      expect(bytes!.measured).toBeGreaterThan(0);
      expect(macs!.measured).toBeGreaterThan(0);
      if (reasons.bytes.length === 0)
        expect({ ...bytes, agree: costsAgree(bytes) }).toMatchObject({ agree: true });
      if (reasons.macs.length === 0)
        expect({ ...macs, agree: costsAgree(macs) }).toMatchObject({ agree: true });
      // Without activations it can only be less.
      expect(memory!.analytic).toBeLessThan(memory!.measured);
    },
  );
});
