import { describe, expect, it } from '@jest/globals';
import { clientSamples, serverSamples } from '../testing/samples.js';
import { sampleGraph } from '../testing/sample-graph.js';
import {
  decodeClientMessage,
  decodeServerMessage,
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
