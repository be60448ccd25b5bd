import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadJob } from './parse.js';

const examples = join(__dirname, '../../../../examples');
const names = readdirSync(examples).filter((name) => name.endsWith('.yaml') && !name.startsWith('compare-'));

describe('the examples', () => {
  it.each(names)('%s is a job named like its file', async (name) => {
    expect(`${(await loadJob(join(examples, name))).name}.yaml`).toBe(name);
  });

  it('demo.yaml has a dense control of the same rounds and seed', async () => {
    const file = join(examples, 'demo.yaml');
    const sparse = await loadJob(file);
    const dense = await loadJob(file, { overrides: ['method=fedavg', 'targetDensity=1'] });

    expect(sparse).toMatchObject({
      method: 'fedtiny',
      targetDensity: 0.1,
      numClients: 6,
      pool: { size: 10 },
    });
    expect(dense).toEqual({ ...sparse, method: 'fedavg', targetDensity: 1, rescale: false });
  });

  it('a job file that is not there is named', async () => {
    await expect(loadJob(join(examples, 'none.yaml'))).rejects.toThrow(
      /\[storage\] cannot read the job file .*none\.yaml/,
    );
  });
});
