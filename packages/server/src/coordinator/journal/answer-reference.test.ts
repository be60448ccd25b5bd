import { describe, expect, it } from '@jest/globals';
import { answerName, answerReference } from './answer-reference.js';

describe('the name of an accepted answer', () => {
  it('is the blob and the client, as states and journals have always had it', () => {
    expect(answerName({ blob: '3e6bf3', clientId: 'c4925a' })).toBe('3e6bf3@c4925a');
    expect(answerReference('3e6bf3@c4925a')).toEqual({ blob: '3e6bf3', clientId: 'c4925a' });
  });

  it.each(['', '3e6bf3', '@c4925a'])('is refused as damaged where it is %p', (name) => {
    expect(() => answerReference(name)).toThrow('expected <blob>@<client>');
  });
});
