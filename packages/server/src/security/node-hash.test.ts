import { describe, expect, it } from '@jest/globals';
import { FrameAssembler, portableHash, splitFrames, type HashMaker } from '@espalier/proto';
import { nodeHash } from './node-hash.js';

const message = Uint8Array.from({ length: 5000 }, (_, i) => (i * 31) & 255);

function split(hash: HashMaker): Uint8Array[] {
  return [...splitFrames(message, { transferId: 3, maxFrameBytes: 1024, hash })];
}

describe("the platform's hash", () => {
  it('makes the same frames as the portable one, and each end reads the other', () => {
    const frames = split(nodeHash);
    expect(frames.map((frame) => [...frame])).toEqual(split(portableHash).map((frame) => [...frame]));
    for (const hash of [nodeHash, portableHash]) {
      const assembler = new FrameAssembler({ maxFrameBytes: 1024, maxMessageBytes: 5000 }, { hash });
      const results = frames.map((frame) => assembler.push(frame));
      expect(results.at(-1)).toEqual(message);
    }
  });

  it('sees a flipped bit', () => {
    const assembler = new FrameAssembler({ maxFrameBytes: 1024, maxMessageBytes: 5000 }, { hash: nodeHash });
    const [first] = split(nodeHash);
    first![500]! ^= 1;
    expect(() => assembler.push(first!)).toThrow('[transfer_corrupt]');
  });
});
