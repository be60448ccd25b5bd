import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FrameConnection } from '@espalier/core/protocol';

/** Two connected ends, and a way to close what they run on. */
export interface ConnectionPair {
  readonly ends: readonly [FrameConnection, FrameConnection];
  readonly dispose: () => Promise<void>;
}

/** Tests for the promises of every {@link FrameConnection}; `makePair` is called before each test. */
export function transportContract(name: string, makePair: () => Promise<ConnectionPair>): void {
  describe(`${name} keeps the transport contract`, () => {
    let pair: ConnectionPair;
    let near: FrameConnection;
    let far: FrameConnection;

    beforeEach(async () => {
      pair = await makePair();
      [near, far] = pair.ends;
    });

    afterEach(() => pair.dispose());

    it('delivers frames whole and in order, both ways', async () => {
      const atFar = listen(far);
      const atNear = listen(near);

      await Promise.all([1, 2, 3, 4, 5].map((byte) => near.send(Uint8Array.of(byte, 0, 255))));
      await far.send(Uint8Array.of(9));

      expect(atFar.frames.map((frame) => [...frame])).toEqual([1, 2, 3, 4, 5].map((byte) => [byte, 0, 255]));
      expect(atNear.frames.map((frame) => [...frame])).toEqual([[9]]);
    });

    it('has delivered a frame when its send resolves', async () => {
      const atFar = listen(far);
      listen(near);

      for (let sent = 1; sent <= 3; sent++) {
        await near.send(Uint8Array.of(sent));
        expect(atFar.frames).toHaveLength(sent);
      }
    });

    it('holds frames back until it is subscribed to', async () => {
      listen(near);
      const sending = near.send(Uint8Array.of(7));

      const atFar = listen(far);
      await sending;

      expect(atFar.frames.map((frame) => [...frame])).toEqual([[7]]);
    });

    it('carries a frame of 256 KiB', async () => {
      const atFar = listen(far);
      listen(near);
      const frame = Uint8Array.from({ length: 256 * 1024 }, (_, i) => (i * 31) & 255);

      await near.send(frame);

      const [got] = atFar.frames;
      expect(got?.length).toBe(frame.length);
      expect(frame.every((byte, i) => got?.[i] === byte)).toBe(true);
    });

    it('counts at least the bytes of the frames', async () => {
      listen(far);
      listen(near);

      await near.send(new Uint8Array(100_000));
      await near.send(new Uint8Array(50_000));

      expect(near.traffic().bytesOut).toBeGreaterThanOrEqual(150_000);
      expect(far.traffic().bytesIn).toBeGreaterThanOrEqual(150_000);
      expect(far.traffic().bytesOut).toBeLessThan(100_000);
    });

    it('tells both ends once that it closed', async () => {
      const atFar = listen(far);
      const atNear = listen(near);

      near.close('enough');
      near.close('again');
      await Promise.all([atNear.closed, atFar.closed]);
      far.close('late');

      expect([atNear.reasons.length, atFar.reasons.length]).toEqual([1, 1]);
    });

    it('rejects sending after the end with connection_lost', async () => {
      const atFar = listen(far);
      listen(near);

      near.close('enough');
      await atFar.closed;

      await expect(near.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'connection_lost' });
      await expect(far.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'connection_lost' });
    });

    it('settles what was under way when it closed', async () => {
      listen(far);
      listen(near);
      const sending = [near.send(new Uint8Array(10)), near.send(new Uint8Array(10))];

      near.close('enough');

      for (const outcome of await Promise.allSettled(sending)) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'connection_lost' });
      }
    });
  });
}

/** Subscribes, and collects frames and closing reasons. */
function listen(end: FrameConnection): { frames: Uint8Array[]; reasons: string[]; closed: Promise<void> } {
  const frames: Uint8Array[] = [];
  const reasons: string[] = [];
  const closed = new Promise<void>((resolve) => {
    end.subscribe({
      onFrame: (frame) => frames.push(new Uint8Array(frame)),
      onClose: (reason) => {
        reasons.push(reason);
        resolve();
      },
    });
  });
  return { frames, reasons, closed };
}
