import { buildModel } from '@espalier/core';
import { PROTOCOL_VERSION, type ClientMessage } from '@espalier/core/protocol';
import { describe, expect, it } from '@jest/globals';
import { parseJob } from '../../job/index.js';
import { clientJob } from './client-job.js';
import { checkJoin } from './join-check.js';

const job = clientJob(
  {
    job: parseJob('model: { name: mlp }\ndata: { kind: procedural }\nnumClients: 3\n'),
    classes: ['cat', 'dog'],
    testData: null,
    serverSamplesPerClass: 0,
  },
  buildModel({ name: 'mlp', width: 2 }, [4, 4, 3], 2),
);

type Join = Extract<ClientMessage, { kind: 'join' }>;

const join: Join = {
  kind: 'join',
  protocolVersion: PROTOCOL_VERSION,
  answer: new Uint8Array(),
  returnToken: null,
  name: 'desk',
  part: null,
  profile: { backend: 'none', memoryBytes: 0, macsPerSecond: 0, platform: 'test' },
  samples: 5,
  classes: ['cat', 'dog'],
  imageShape: [4, 4, 3],
};

describe('a join', () => {
  it.each<[string, Partial<Join>, string | null]>([
    ['that is right', {}, null],
    ['for the last part', { part: 2 }, null],
    [
      'for a part there is not',
      { part: 6 },
      '[invalid_argument] there is no part 7 of 3: ask for one from 1',
    ],
    ['for a part there is not, by who has a seat', { part: 6, returnToken: 'back' }, null],
    ['of another version', { protocolVersion: 99 }, '[protocol_version]'],
    ['with other classes', { classes: ['cat', 'emu'] }, '[classes_differ]'],
    ['with other images', { imageShape: [4, 4, 1] }, '[input_shape]'],
    ['without samples', { samples: 0 }, '[invalid_data]'],
  ])('%s', (_, change, refusal) => {
    const check = (): string | null => checkJoin({ ...join, ...change }, new Uint8Array(32), job, null);
    if (refusal === null) expect(check()).toBeNull();
    else expect(check).toThrow(refusal);
  });
});
