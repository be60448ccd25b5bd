import { buildModel } from '@espalier/core';
import { describe, expect, it } from '@jest/globals';
import { parseJob } from '../../job/index.js';
import { clientJob } from './client-job.js';

const graph = buildModel({ name: 'mlp', width: 2 }, [4, 4, 3], 2);

function told(classes: readonly string[]): readonly string[] {
  const job = parseJob('model: { name: mlp }\ndata: { kind: procedural }\n');
  return clientJob({ job, classes, testData: null, serverSamplesPerClass: 0 }, graph).classes;
}

describe('the job that clients are told', () => {
  it('is refused at the start where no client could read it', () => {
    expect(told(['cat', 'собака'])).toEqual(['cat', 'собака']);
    expect(() => told(['cat', 'dog\u001b[2J'])).toThrow(
      /^\[invalid_job\] clients could not read this job: .*challenge\.job\.classes has control characters/,
    );
    expect(() => told(['cat', 'd'.repeat(1025)])).toThrow(
      'challenge.job.classes has 1025 bytes; at most 1024',
    );
  });
});
