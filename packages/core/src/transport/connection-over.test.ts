import { describe, expect, it } from '@jest/globals';
import { connectionOver, type FrameAnswer } from './connection-over.js';

/** A port whose peer takes frames when told to. */
function portAtHand() {
  const sent: { frame: Uint8Array; taken: FrameAnswer }[] = [];
  const closed: string[] = [];
  const port = {
    peer: 'peer',
    maxFrameBytes: 4,
    emit: (frame: Uint8Array, taken: FrameAnswer) => void sent.push({ frame, taken }),
    close: (reason: string) => void closed.push(reason),
    traffic: () => ({ bytesIn: 1, bytesOut: 2 }),
  };
  return { sent, closed, ...connectionOver(port) };
}

function heard() {
  const log: string[] = [];
  return {
    log,
    handlers: {
      onFrame: (frame: Uint8Array) => void log.push(`frame ${String([...frame])}`),
      onClose: (reason: string) => void log.push(`closed: ${reason}`),
    },
  };
}

const nothing = () => undefined;

describe('a connection over a port', () => {
  it('resolves a send when the peer has taken it, and not before', async () => {
    const { connection, sent } = portAtHand();
    let resolved = false;
    const sending = connection.send(Uint8Array.of(1)).then(() => (resolved = true));
    await Promise.resolve();
    expect(resolved).toBe(false);

    sent[0]?.taken(null);

    await sending;
    expect(resolved).toBe(true);
  });

  it("rejects a send with the peer's refusal", async () => {
    const { connection, sent } = portAtHand();
    const sending = connection.send(Uint8Array.of(1));

    sent[0]?.taken('frame_too_large');

    await expect(sending).rejects.toThrow('[frame_too_large] peer refused a frame of 1 bytes');
  });

  it('fails sends under way and later ones when the port closes', async () => {
    const { connection, events } = portAtHand();
    const sending = connection.send(Uint8Array.of(1));

    events.portClosed('gone', 'frame_too_large');

    await expect(sending).rejects.toThrow('[frame_too_large]');
    await expect(connection.send(Uint8Array.of(1))).rejects.toThrow('is closed: gone');
  });

  it('holds frames back, unacknowledged, until somebody listens', () => {
    const { connection, events } = portAtHand();
    const { log, handlers } = heard();
    const acknowledge = (refusal: string | null) => void log.push(refusal ?? 'ack');
    events.frameCame(Uint8Array.of(1), acknowledge);
    events.frameCame(Uint8Array.of(2), acknowledge);
    expect(log).toEqual([]);

    connection.subscribe(handlers);
    events.frameCame(Uint8Array.of(3), acknowledge);

    expect(log).toEqual(['frame 1', 'ack', 'frame 2', 'ack', 'frame 3', 'ack']);
  });

  it('cuts off a peer that floods before anybody listens', () => {
    const { events, closed } = portAtHand();

    for (let i = 0; i < 40; i++) events.frameCame(Uint8Array.of(i), nothing);

    expect(closed).toEqual(['a frame was refused: not_expected']);
  });

  it('sends no frame above the cap', async () => {
    const { connection, sent } = portAtHand();

    await expect(connection.send(new Uint8Array(5))).rejects.toThrow('[frame_too_large] a frame of 5 bytes');
    expect(sent).toEqual([]);
  });

  it.each([
    ['frame_too_large', new Uint8Array(5)],
    ['malformed_message', 'text'],
    ['malformed_message', undefined],
  ])('answers %s and closes for %p', (code, payload) => {
    const { connection, events, closed } = portAtHand();
    const { log, handlers } = heard();
    connection.subscribe(handlers);

    events.frameCame(payload, (refusal) => void log.push(`answer ${String(refusal)}`));

    expect(log).toEqual([`answer ${code}`, `closed: a frame was refused: ${code}`]);
    expect(closed).toHaveLength(1);
  });

  it.each([
    ['an ArrayBuffer', Uint8Array.of(1, 2).buffer],
    ['a view', new DataView(Uint8Array.of(0, 1, 2, 0).buffer, 1, 2)],
  ])('takes %s as bytes', (_, payload) => {
    const { connection, events } = portAtHand();
    const { log, handlers } = heard();
    connection.subscribe(handlers);

    events.frameCame(payload, nothing);

    expect(log).toEqual(['frame 1,2']);
  });

  it('reports a close once, whoever closed, also to a late subscriber', () => {
    const early = portAtHand();
    const first = heard();
    early.connection.subscribe(first.handlers);
    early.connection.close('enough');
    early.events.portClosed('socket gone');
    early.connection.close('again');
    expect(first.log).toEqual(['closed: enough']);
    expect(early.closed).toEqual(['enough']);

    const late = portAtHand();
    const second = heard();
    late.events.portClosed('gone');
    late.connection.subscribe(second.handlers);
    expect(second.log).toEqual(['closed: gone']);
  });

  it('has one listener', () => {
    const { connection } = portAtHand();
    connection.subscribe(heard().handlers);

    expect(() => {
      connection.subscribe(heard().handlers);
    }).toThrow('[internal]');
  });
});
