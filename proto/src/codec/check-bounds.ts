import { isPrintable, printable } from '@espalier/core';
import protobuf from 'protobufjs/minimal.js';
import { PROSE_BYTES, type Bound, type Bounds } from './bounds.js';
import { malformed } from '../failure.js';

/** The wire type of whatever has a length of its own. */
const LENGTH_DELIMITED = 2;

/**
 * Looks through a message before it is read, so that neither a long text nor a list of empty messages, two
 * bytes each, becomes objects first. Repeated fields are counted over the whole message, because parts of it
 * may be repeated and are then merged. Work is in proportion to the fields: byte strings are skipped.
 * @throws EspalierError `malformed_message` for a text or list above its bound, and a name with control
 * characters; an error of protobufjs on bytes that are not a message.
 */
export function checkBounds(bytes: Uint8Array, bounds: Bounds): void {
  const reader = new protobuf.Reader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  new Scan(reader).message(bounds, reader.len, '');
}

/** Text for people as it goes onto the wire: printable, and cut to the size limit of its field. */
export function cutProse(text: string, length: keyof typeof PROSE_BYTES): string {
  const bytes = PROSE_BYTES[length];
  const clean = printable(text);
  if (protobuf.util.utf8.length(clean) <= bytes) return clean;
  let left = bytes - protobuf.util.utf8.length(CUT);
  let end = 0;
  for (const character of clean) {
    left -= protobuf.util.utf8.length(character);
    if (left < 0) break;
    end += character.length;
  }
  return clean.slice(0, end) + CUT;
}

/** Stands where a text was cut. */
const CUT = '…';

class Scan {
  readonly #reader: protobuf.Reader;
  readonly #counts = new Map<Bound, number>();

  constructor(reader: protobuf.Reader) {
    this.#reader = reader;
  }

  message(bounds: Bounds, end: number, path: string): void {
    const reader = this.#reader;
    while (reader.pos < end) {
      const tag = reader.tag();
      const [field, wireType] = [tag >>> 3, tag & 7];
      const bound = bounds[field];
      if (bound === undefined) reader.skipType(wireType, 0, field);
      else if (wireType !== LENGTH_DELIMITED) {
        // A list of numbers that are not packed; of any other field it is dropped, as an unknown one is.
        if (bound.kind === 'list' && bound.packed > 0) this.#count(bound, 1, path);
        reader.skipType(wireType, 0, field);
      } else this.#delimited(bound, end, path);
    }
  }

  #delimited(bound: Bound, end: number, path: string): void {
    const reader = this.#reader;
    const length = reader.size();
    const after = reader.pos + length;
    if (after > end) throw malformed(`${path}${bound.name} is longer than what holds it`);
    switch (bound.kind) {
      case 'list':
        this.#count(bound, bound.packed === 0 ? 1 : Math.ceil(length / bound.packed), path);
        break;
      case 'inner':
        if (bound.most !== undefined) this.#count(bound, 1, path);
        this.message(bound.fields, after, `${path}${bound.name}.`);
        break;
      default:
        if (bound.most !== undefined) this.#count(bound, 1, path);
        this.#text(bound, reader.pos, after, path);
    }
    reader.pos = after;
  }

  #count(bound: Bound & { readonly most?: number }, more: number, path: string): void {
    const { most = Infinity } = bound;
    const count = (this.#counts.get(bound) ?? 0) + more;
    this.#counts.set(bound, count);
    if (count <= most) return;
    throw malformed(`over ${most} ${path}${bound.name} in one message; at most ${most} are taken`, {
      field: `${path}${bound.name}`,
      most,
    });
  }

  #text(bound: Extract<Bound, { bytes: number }>, start: number, end: number, path: string): void {
    const field = `${path}${bound.name}`;
    if (end - start > bound.bytes) {
      throw malformed(`${field} has ${end - start} bytes; at most ${bound.bytes} are taken`, {
        field,
        most: bound.bytes,
      });
    }
    if (bound.kind === 'prose' || isPrintable(protobuf.util.utf8.read(this.#reader.buf, start, end))) return;
    throw malformed(`${field} has control characters; names must be printable`, { field });
  }
}
