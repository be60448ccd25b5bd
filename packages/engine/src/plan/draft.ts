import { OPS, RECORD_BYTES, type OpArguments } from '../gen/ops.js';
import type { LinearMemory } from '../wasm/linear-memory.js';
import type { Argument, DraftBuffer } from '../ops/arguments.js';

type OpName = keyof OpArguments;

/** One op: its name and its arguments. */
export type DraftOp = { [Name in OpName]: readonly [name: Name, args: OpArguments[Name]] }[OpName];

/** Ops up to (not including) `end`, after which the caller reads `buffer`. */
export interface Pause {
  readonly end: number;
  readonly label: string;
  readonly buffer: DraftBuffer;
}

/** A program being written: ops with symbolic addresses, and for each buffer the span of ops that need it. */
export class Draft {
  readonly ops: DraftOp[] = [];
  readonly buffers: DraftBuffer[] = [];
  readonly pauses: Pause[] = [];

  /** A new buffer, alive from the first to the last op that names it. */
  buffer(bytes: number): DraftBuffer {
    const buffer = { bytes, first: Number.POSITIVE_INFINITY, last: -1, offset: 0 };
    this.buffers.push(buffer);
    return buffer;
  }

  op(...op: DraftOp): void {
    this.#touchAll(op);
    this.ops.push(op);
  }

  /**
   * Lets the op written next run the join written last in its own stripes, if that was the join into `buffer`.
   * Returns whether it may.
   */
  deferJoin(buffer: DraftBuffer): boolean {
    const [name, join] = this.ops.at(-1) ?? [];
    if (name !== 'join') return false;
    const { at } = join.z;
    if (typeof at === 'number' || at.buffer !== buffer) return false;
    this.ops.pop();
    // The join's own inputs are now read while the next op runs, one op later.
    this.op('join', { ...join, deferred: 1 });
    this.#touchAll(['join', join]);
    return true;
  }

  /** Keeps a buffer alive at this point. */
  touch(buffer: DraftBuffer): void {
    buffer.first = Math.min(buffer.first, this.ops.length);
    buffer.last = Math.max(buffer.last, this.ops.length);
  }

  /** Ends a segment: the caller can read the buffer before the next op runs. */
  pause(label: string, buffer: DraftBuffer): void {
    buffer.last = Math.max(buffer.last, this.ops.length - 1);
    this.pauses.push({ end: this.ops.length, label, buffer });
  }

  #touchAll(op: DraftOp): void {
    for (const word of wordsOf(op)) if (typeof word !== 'number') this.touch(word.buffer);
  }
}

/** The arguments of an op in the order of its record. */
function wordsOf<Name extends OpName>([name, args]: readonly [Name, OpArguments[Name]]): readonly Argument[] {
  return OPS[name].words(args);
}

/** Bytes the records of a draft take. */
export function recordBytes(draft: Draft): number {
  return draft.ops.length * RECORD_BYTES;
}

/** Writes the records at `address`, with buffers at `arena` plus their offsets. */
export function writeRecords(draft: Draft, memory: LinearMemory, address: number, arena: number): void {
  const words = RECORD_BYTES / 4;
  const integers = memory.i32(address, draft.ops.length * words);
  const floats = memory.f32(address, draft.ops.length * words);
  for (const [index, op] of draft.ops.entries()) {
    const { code, floats: real } = OPS[op[0]];
    integers[index * words] = code;
    for (const [position, argument] of wordsOf(op).entries()) {
      const value = typeof argument === 'number' ? argument : arena + argument.buffer.offset + argument.bytes;
      const target = real.includes(position) ? floats : integers;
      target[index * words + 1 + position] = value;
    }
  }
}
