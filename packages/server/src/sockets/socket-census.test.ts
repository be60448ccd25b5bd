import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { SocketCensus } from './socket-census.js';

/** A connection from that address. */
class Stub extends Socket {
  constructor(
    readonly name: string,
    address: string,
  ) {
    super();
    Object.defineProperty(this, 'remoteAddress', { value: address });
  }
}

/** A census, and the names of those that were turned away or made way. */
function census(connections: number, waitingPerAddress: number) {
  const ended: string[] = [];
  const onCrowded = (socket: Socket) => void ended.push(socket instanceof Stub ? socket.name : '');
  const counted = new SocketCensus({ connections, waitingPerAddress, onCrowded });
  const come = (name: string, address: string): Stub => {
    const socket = new Stub(name, address);
    counted.admit(socket);
    return socket;
  };
  return { counted, come, ended };
}

const closed = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => socket.once('close', resolve).destroy());

describe('a census of connections', () => {
  it('lets the oldest of an address make way where that address has too many', () => {
    const { come, ended } = census(100, 2);
    const sockets = [come('1', 'a'), come('2', 'a'), come('3', 'b')];
    expect(ended).toEqual([]);
    sockets.push(come('4', '::ffff:a'));
    expect(ended).toEqual(['1']);
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, false, false, false]);
  });

  it('keeps what is being answered, and turns the newest away where all of them are', () => {
    const { counted, come, ended } = census(100, 2);
    const first = come('1', 'a');
    const answers = [counted.answering(first), counted.answering(first)];
    expect(answers.map(({ requests }) => requests)).toEqual([1, 2]);
    counted.answering(come('2', 'a'));
    come('3', 'a');
    answers[0]?.done();
    come('4', 'a');
    answers[1]?.done();
    come('5', 'a');
    expect(ended).toEqual(['3', '4', '1']);
  });

  it('takes no more than all together may have, at the cost of the most crowded address', async () => {
    const { counted, come, ended } = census(4, 3);
    for (const [name, address] of [
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'b'],
    ] as const)
      come(name, address);
    const client = come('4', 'c');
    counted.upgraded(client);
    expect(counted.count).toBe(4);
    come('5', 'd');
    // WebSockets count, and never make way.
    expect([ended, client.destroyed]).toEqual([['2'], false]);
    await closed(client);
    counted.endAll();
  });

  it('turns everybody away where all are WebSockets, until one of them has gone', async () => {
    const { counted, come, ended } = census(2, 2);
    const clients = [come('1', 'a'), come('2', 'b')];
    for (const client of clients) counted.upgraded(client);
    come('3', 'c');
    expect(ended).toEqual(['3']);
    await closed(clients[0]!);
    expect(counted.count).toBe(1);
    expect(come('4', 'c').destroyed).toBe(false);
  });

  it('counts nothing that has gone', async () => {
    const { counted, come } = census(10, 10);
    await closed(come('1', 'a'));
    expect(counted.count).toBe(0);
    // Reset before it could be looked at: it has no address any more.
    const reset = new Socket();
    counted.admit(reset);
    expect([counted.count, reset.destroyed]).toEqual([0, true]);
  });
});
