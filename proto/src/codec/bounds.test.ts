import path from 'node:path';
import { isEspalierError, isPrintable } from '@espalier/core';
import { PROTOCOL_VERSION, type ClientMessage, type ServerMessage } from '@espalier/core/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { decodeBundle } from '../bundle/index.js';
import { sealEnvelope } from '../bundle/envelope.js';
import { sampleGraph } from '../testing/sample-graph.js';
import { clientSamples, serverSamples } from '../testing/samples.js';
import { sampleBundle } from '../testing/vectors.js';
import { encodeBundle } from '../bundle/index.js';
import {
  BUNDLE_BOUNDS,
  CLIENT_BOUNDS,
  PROSE_BYTES,
  SERVER_BOUNDS,
  type Bound,
  type Bounds,
} from './bounds.js';
import { checkBounds, cutProse } from './check-bounds.js';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  wireContext,
} from './index.js';

const context = wireContext(sampleGraph);

/** The .proto files themselves: a newly added field appears here even if the table lacks it. */
const root = new protobuf.Root();
root.resolvePath = (_, target) => path.join(__dirname, '..', '..', target);
root.loadSync(['envelope', 'bundle'].map((name) => `espalier/v1/${name}.proto`));

/** A way into a message: the fields from the envelope to the one that is meant. */
interface Way {
  readonly type: protobuf.Type;
  readonly fields: readonly protobuf.Field[];
  readonly bound: Bound | undefined;
  readonly named: string;
}

function waysInto(type: protobuf.Type, bounds: Bounds): Way[] {
  const walk = (inner: protobuf.Type, table: Bounds, before: readonly protobuf.Field[]): Way[] =>
    inner.fieldsArray.flatMap((field) => {
      field.resolve();
      const fields = [...before, field];
      const bound = table[field.id];
      const way = { type, fields, bound, named: fields.map(({ name }) => snake(name)).join('.') };
      const { resolvedType } = field;
      if (!(resolvedType instanceof protobuf.Type)) return [way];
      return [way, ...walk(resolvedType, bound?.kind === 'inner' ? bound.fields : {}, fields)];
    });
  return walk(type, bounds, []);
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const envelopes: readonly [string, Bounds][] = [
  ['ServerMessage', SERVER_BOUNDS],
  ['ClientMessage', CLIENT_BOUNDS],
  ['Bundle', BUNDLE_BOUNDS],
];
const ways = envelopes.flatMap(([name, bounds]) => waysInto(root.lookupType(`espalier.v1.${name}`), bounds));
const boundsOf = (type: protobuf.Type): Bounds => envelopes.find(([name]) => name === type.name)![1];
const called: Readonly<Record<string, string>> = {
  ServerMessage: 'a server message',
  ClientMessage: 'a client message',
  Bundle: 'a bundle',
};
const texts = ways.filter(({ fields }) => fields.at(-1)!.type === 'string');
const lists = ways.filter(({ fields }) => fields.at(-1)!.repeated);

/** Rule that a field must have: bytes for a text, a length for a list, a table of its own for a message. */
function expectedKind(field: protobuf.Field): string {
  if (field.type === 'string') return 'text';
  if (field.resolvedType instanceof protobuf.Type) return 'inner';
  return field.repeated ? 'list' : 'none';
}

function kindOf(bound: Bound | undefined): string {
  if (bound === undefined) return 'none';
  return 'bytes' in bound ? 'text' : bound.kind;
}

/** The message with one value at the end of a way. */
function messageWith({ type, fields }: Way, value: unknown): Uint8Array {
  const whole = [...fields].reverse().reduce((inside: unknown, field, at) => {
    return { [field.name]: field.repeated && !(at === 0 && Array.isArray(inside)) ? [inside] : inside };
  }, value);
  // The version of a greeting is checked before anything else.
  const greeting = type.fromObject(whole as Record<string, unknown>) as unknown as Record<
    string,
    { protocolVersion: number } | null
  >;
  for (const name of ['challenge', 'join'])
    if (greeting[name]) greeting[name].protocolVersion = PROTOCOL_VERSION;
  return type.encode(greeting).finish();
}

function decoded({ type }: Way, bytes: Uint8Array): unknown {
  if (type.name === 'ServerMessage') return decodeServerMessage(bytes, context);
  return type.name === 'ClientMessage'
    ? decodeClientMessage(bytes, context)
    : decodeBundle(sealEnvelope(bytes, 1));
}

function refusalOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isEspalierError(error)) return error.message;
    throw error;
  }
  return 'nothing was refused';
}

describe('every field of the .proto files has its bound', () => {
  it.each(ways.map((way) => [`${way.type.name} ${way.named}`, way] as const))(
    '%s',
    (_, { fields, bound }) => {
      const field = fields.at(-1)!;
      expect(kindOf(bound)).toBe(expectedKind(field));
      if (bound !== undefined) expect(bound.name).toBe(snake(field.name));
      expect(bound !== undefined && 'most' in bound).toBe(field.repeated);
    },
  );

  it('and the table has no other fields', () => {
    const count = (bounds: Bounds): number =>
      Object.values(bounds).reduce(
        (sum, bound) => sum + 1 + (bound?.kind === 'inner' ? count(bound.fields) : 0),
        0,
      );
    const tables = envelopes.reduce((sum, [, bounds]) => sum + count(bounds), 0);
    expect(tables).toBe(ways.filter(({ bound }) => bound !== undefined).length);
    expect([texts.length, lists.length].every((length) => length > 20)).toBe(true);
  });
});

describe('a text above its bound is refused, wherever it stands', () => {
  it.each(texts.map((way) => [`${way.type.name} ${way.named}`, way] as const))('%s', (_, way) => {
    const most = way.bound && 'bytes' in way.bound ? way.bound.bytes : 0;
    fc.assert(
      fc.property(
        fc.constantFrom('a', 'é', '猫', '🐈'),
        fc.integer({ min: 1, max: 70_000 }),
        (letter, over) => {
          const size = Buffer.byteLength(letter);
          const text = letter.repeat(Math.ceil((most + over) / size));
          expect(refusalOf(() => decoded(way, messageWith(way, text)))).toContain(
            `[malformed_message] ${called[way.type.name]!}: ${way.named} has ${Buffer.byteLength(text)} bytes; at most ${most} are taken`,
          );
          const within = letter.repeat(Math.floor(most / size));
          checkBounds(messageWith(way, within), boundsOf(way.type));
        },
      ),
      { numRuns: 3, seed: 1 },
    );
  });
});

describe('a list above its bound is refused, wherever it stands', () => {
  it.each(lists.map((way) => [`${way.type.name} ${way.named}`, way] as const))('%s', (_, way) => {
    const field = way.fields.at(-1)!;
    const most = way.bound && 'most' in way.bound ? way.bound.most : 0;
    const filler =
      { string: '', bytes: new Uint8Array(0), double: 1.5, uint32: 0xffffffff }[field.type] ?? {};
    const many = (length: number): Uint8Array =>
      messageWith(
        way,
        Array.from({ length }, () => (field.resolvedType instanceof protobuf.Enum ? 1 : filler)),
      );
    const packed = field.resolvedType instanceof protobuf.Enum ? 5 : 1;
    expect(refusalOf(() => decoded(way, many(packed * most + 1)))).toContain(
      `over ${most} ${way.named} in one message`,
    );
    checkBounds(many(most), boundsOf(way.type));
  });

  it('also when it comes in pieces, each within the bound', () => {
    const half = messageWith(
      ways.find(({ named, type }) => type.name === 'ServerMessage' && named === 'refused.facts')!,
      Array.from({ length: 40 }, () => ({})),
    );
    checkBounds(half, SERVER_BOUNDS);
    expect(() => {
      checkBounds(Buffer.concat([half, half]), SERVER_BOUNDS);
    }).toThrow('over 64 refused.facts in one message');
  });

  it('before it becomes objects: 16 MB of empty messages cost next to nothing', () => {
    const body = Buffer.alloc(2 ** 24);
    for (let i = 0; i < body.length; i += 2) body[i] = (7 << 3) | 2;
    const update = protobuf.Writer.create().uint32(42).bytes(body).finish();
    const before = process.memoryUsage().heapUsed;
    expect(refusalOf(() => decodeClientMessage(update, context))).toContain(
      'over 10000 update.top_gradients',
    );
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2e7);
  });
});

describe('control characters', () => {
  const hostile = 'a\u001b[31mred\u202e\nforged\u0000';
  const names = texts.filter(({ bound }) => bound?.kind === 'name');
  const prose = texts.filter(({ bound }) => bound?.kind === 'prose');

  it.each(names.map((way) => [`${way.type.name} ${way.named}`, way] as const))(
    'refuse the name %s',
    (_, way) => {
      expect(refusalOf(() => decoded(way, messageWith(way, hostile)))).toContain(
        `${way.named} has control characters`,
      );
    },
  );

  const samples: readonly [string, Uint8Array][] = [
    ...serverSamples.map(({ message }): [string, Uint8Array] => [
      'ServerMessage',
      encodeServerMessage(message, context),
    ]),
    ...clientSamples.map(({ message }): [string, Uint8Array] => [
      'ClientMessage',
      encodeClientMessage(message, context),
    ]),
    ['Bundle', encodeBundle(sampleBundle).subarray(44)],
  ];

  it.each(prose.map((way) => [`${way.type.name} ${way.named}`, way] as const))('are not in %s', (_, way) => {
    const spoilt = samples
      .filter(([name]) => name === way.type.name)
      .flatMap(([, bytes]) => spoiltAt(way, bytes, hostile));
    expect(spoilt.length).toBeGreaterThan(0);
    for (const bytes of spoilt) {
      const result = stringsIn(decoded(way, bytes));
      expect(result).toContain('ared forged');
      expect(result.every(isPrintable)).toBe(true);
    }
  });
});

/** The sample with another text where the way ends; none where the sample has nothing there. */
function spoiltAt({ type, fields }: Way, bytes: Uint8Array, text: string): Uint8Array[] {
  const whole = type.toObject(type.decode(bytes));
  let holder: Record<string, unknown> = whole;
  for (const field of fields.slice(0, -1)) {
    const value = holder[field.name];
    const next: unknown = Array.isArray(value)
      ? (value.find((one) => fields.at(-1)!.name in one) ?? value[0])
      : value;
    if (typeof next !== 'object' || next === null) return [];
    holder = next as Record<string, unknown>;
  }
  const last = fields.at(-1)!.name;
  if (!(last in holder)) return [];
  holder[last] = text;
  return [type.encode(type.fromObject(whole)).finish()];
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  const entries: unknown[] = value instanceof Map ? [...value].flat() : Object.values(value);
  return entries.flatMap(stringsIn);
}

describe('what we send ourselves', () => {
  const long = `${'猫'.repeat(30_000)}\u001b[2J`;
  const client: readonly ClientMessage[] = [
    { kind: 'leave', reason: long },
    { kind: 'failed', round: 1, code: 'training_diverged', message: long },
    ...clientSamples.flatMap(({ message }): ClientMessage[] => {
      if (message.kind === 'join')
        return [{ ...message, name: long, profile: { ...message.profile, backend: long, platform: long } }];
      if (message.kind !== 'update') return [];
      const { update } = message;
      return [{ kind: 'update', update: { ...update, metrics: { ...update.metrics, backend: long } } }];
    }),
  ];
  const server: ServerMessage = {
    ...{ kind: 'refused', code: 'classes_differ', fatal: true },
    message: long,
    facts: { classes: long },
  };

  it('is cut to what the other end takes', () => {
    const back = [
      ...client.map((message) => decodeClientMessage(encodeClientMessage(message, context), context)),
      decodeServerMessage(encodeServerMessage(server, context), context),
    ];
    const cut = back.flatMap(stringsIn).filter((text) => text.startsWith('猫'));
    expect(cut.length).toBeGreaterThan(10);
    for (const text of cut) {
      expect(text).toMatch(/^猫+…$/);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(PROSE_BYTES.sentence);
    }
  });

  it('is cut between characters, and only when it must be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 100, maxLength: 400 }), (text) => {
        const cut = cutProse(text, 'short');
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(PROSE_BYTES.short);
        if (Buffer.byteLength(text) <= PROSE_BYTES.short) expect(cut).toBe(text);
        else {
          expect(text.startsWith(cut.slice(0, -1))).toBe(true);
          expect(cut).not.toMatch(/[\ud800-\udbff]…$/);
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});

it('another protocol version is named, even where its greeting does not keep our bounds', () => {
  const join = root.lookupType('espalier.v1.ClientMessage');
  const other = join
    .encode(join.fromObject({ join: { protocolVersion: 99, name: 'a'.repeat(300) } }))
    .finish();
  expect(() => decodeClientMessage(other, context)).toThrow('[protocol_version]');
});
