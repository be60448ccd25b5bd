import { describe, expect, it } from '@jest/globals';
import { clientSamples, serverSamples } from '../testing/samples.js';
import { sampleGraph } from '../testing/sample-graph.js';
import {
  decodeClientMessage,
  decodeServerMessage,
  decodeStoredUpdate,
  encodeClientMessage,
  encodeServerMessage,
  wireContext,
} from './index.js';

const context = wireContext(sampleGraph);

describe('a server message comes back as it went', () => {
  it.each(serverSamples)('$name', ({ message }) => {
    expect(decodeServerMessage(encodeServerMessage(message, context), context)).toEqual(message);
  });
});

describe('a client message comes back as it went', () => {
  it.each(clientSamples)('$name', ({ message }) => {
    expect(decodeClientMessage(encodeClientMessage(message, context), context)).toEqual(message);
  });
});

describe('a stored message', () => {
  const memory = (length: number): Float32Array => new Float32Array(length);
  const read = (bytes: Uint8Array): unknown => decodeStoredUpdate(bytes, context, memory);

  it.each(clientSamples)('$name comes back when it is an update, and is refused otherwise', ({ message }) => {
    const bytes = encodeClientMessage(message, context);
    if (message.kind === 'update') expect(read(bytes)).toEqual(message.update);
    else expect(() => read(bytes)).toThrow(`an update was stored, ${message.kind} was read`);
  });

  it('puts its values where it is told', () => {
    const place = new Float32Array(1000);
    const update = clientSamples.flatMap(({ message }) => (message.kind === 'update' ? [message] : []))[0]!;
    const bytes = encodeClientMessage(update, context);
    const { delta } = decodeStoredUpdate(bytes, context, (length) => place.subarray(0, length));
    expect(delta.buffer).toBe(place.buffer);
    expect(delta).toEqual(update.update.delta);
  });
});

it('a challenge and a refusal are read before the graph is known', () => {
  const early = serverSamples.filter(({ message }) =>
    ['challenge', 'welcome', 'refused'].includes(message.kind),
  );
  const back = early.map(({ message }) =>
    decodeServerMessage(encodeServerMessage(message, context), wireContext(null)),
  );

  expect(back).toEqual(early.map(({ message }) => message));
  expect(back).toHaveLength(4);
});
