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
