import { isEspalierError } from '@espalier/core';
import type { ClientMessage, ServerMessage } from '@espalier/core/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clientMessages, damaged, serverMessages } from '../testing/arbitraries.js';
import { sampleGraph } from '../testing/sample-graph.js';
import { clientSamples, serverSamples } from '../testing/samples.js';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  wireContext,
} from './index.js';

const context = wireContext(sampleGraph);
const CODES = ['malformed_message', 'not_finite', 'wrong_length', 'protocol_version'];

/** One end's pair of functions, whatever its messages. */
interface Codec<Message> {
  readonly encode: (message: Message) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Message;
}

const server: Codec<ServerMessage> = {
  encode: (message) => encodeServerMessage(message, context),
  decode: (bytes) => decodeServerMessage(bytes, context),
};

const client: Codec<ClientMessage> = {
  encode: (message) => encodeClientMessage(message, context),
  decode: (bytes) => decodeClientMessage(bytes, context),
};

/** Either a value that can be sent again and comes back the same, or an error of the listed codes. */
function expectTotal<Message>({ encode, decode }: Codec<Message>, bytes: Uint8Array): 'value' | 'error' {
  let message: Message;
  try {
    message = decode(bytes);
  } catch (error) {
    if (!isEspalierError(error)) throw error;
    expect(CODES).toContain(error.code);
    return 'error';
  }
  expect(decode(encode(message))).toEqual(message);
  return 'value';
}

describe('messages', () => {
  it('of the coordinator come back as they went', () => {
    fc.assert(
      fc.property(serverMessages, (message) => {
        expect(server.decode(server.encode(message))).toEqual(message);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('of a client come back as they went', () => {
    fc.assert(
      fc.property(clientMessages, (message) => {
        expect(client.decode(client.encode(message))).toEqual(message);
      }),
      { numRuns: 500, seed: 2 },
    );
  });
});

describe('any bytes give a value or a listed error', () => {
  it('random ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expectTotal(server, bytes);
        expectTotal(client, bytes);
      }),
      { numRuns: 2000, seed: 3 },
    );
  });

  it.each(serverSamples)('damaged: $name', ({ message }) => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(damaged(server.encode(message)), (bytes) => {
        seen.add(expectTotal(server, bytes));
      }),
      { numRuns: 200, seed: 4 },
    );
    expect(seen.has('error')).toBe(true);
  });

  it.each(clientSamples)('damaged: $name', ({ message }) => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(damaged(client.encode(message)), (bytes) => {
        seen.add(expectTotal(client, bytes));
      }),
      { numRuns: 200, seed: 5 },
    );
    expect(seen.has('error')).toBe(true);
  });
});
