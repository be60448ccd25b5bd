import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '../errors.js';
import { toldToPeer, type Teller } from './told-to-peer.js';

const secret = 'there is no folder /home/ann/photos; expected one: root:x:0:0';

function silent(teller: Teller): readonly string[] {
  return ERROR_CODES.filter((code) => {
    const told = toldToPeer(teller, { code, message: secret, facts: { path: '/home/ann' } });
    expect(told.code).toBe(code);
    if (told.message === secret) return false;
    expect(JSON.stringify(told)).not.toMatch(/ann|root|home/);
    return true;
  });
}

describe('what a peer hears of an error', () => {
  it('is the code alone where the sentence can speak of files, programs or folders', () => {
    const machine = [
      'backend_unavailable',
      'port_in_use',
      'storage',
      'not_resumable',
      'connection_lost',
      'internal',
    ];
    const ownData = ['invalid_argument', 'invalid_job', 'invalid_data', 'classes_differ', 'input_shape'];
    expect([...silent('coordinator')].sort()).toEqual([...machine].sort());
    expect([...silent('client')].sort()).toEqual([...machine, ...ownData].sort());
  });

  it('is never long', () => {
    const told = toldToPeer('client', { code: 'training_diverged', message: 'x'.repeat(60_000) });
    expect(told.message).toHaveLength(500);
  });
});
