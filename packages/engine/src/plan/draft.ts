import { FLOAT_FIELDS, OPS, RECORD_BYTES } from '../gen/ops.js';
import type { LinearMemory } from '../wasm/linear-memory.js';

/** A stretch of memory whose address is not yet known. */
export interface DraftBuffer {
  readonly bytes: number;
  /** First and last op that touch it. */
  first: number;
  last: number;
  /** Bytes from the arena's start; set by {@link placeBuffers}. */
  offset: number;
}

/** A place in a buffer. */
export interface At {
  readonly buffer: DraftBuffer;
  readonly bytes: number;
}

/** An argument: a number, or an address that the placement will give. */
export type Argument = number | At;

type OpName = keyof typeof OPS;
type FieldOf<Name extends OpName> = (typeof OPS)[Name]['fields'][number];

interface DraftOp {
  readonly name: OpName;
  readonly args: Readonly<Record<string, Argument>>;
}

/** Ops up to (not including) `end`, after which somebody looks at `buffer`. */
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

  op<Name extends OpName>(name: Name, args: Readonly<Record<FieldOf<Name>, Argument>>): void {
    for (const argument of Object.values<Argument>(args)) {
      if (typeof argument !== 'number') this.touch(argument.buffer);
    }
    this.ops.push({ name, args });
  }

  /**
   * Lets the op written next run the join written last in its own stripes, if that was the join into `buffer`.
   * Returns whether it may.
   */
  deferJoin(buffer: DraftBuffer): boolean {
    const last = this.ops.at(-1);
    const z = last?.name === 'join' ? last.args['z'] : undefined;
    if (last === undefined || z === undefined || typeof z === 'number' || z.buffer !== buffer) return false;
    this.ops[this.ops.length - 1] = { name: 'join', args: { ...last.args, deferred: 1 } };
    // The join's own inputs are now read while the next op runs.
    for (const argument of Object.values(last.args))
      if (typeof argument !== 'number') this.touch(argument.buffer);
    return true;
  }

  /** Keeps a buffer alive at this point. */
  touch(buffer: DraftBuffer): void {
    buffer.first = Math.min(buffer.first, this.ops.length);
    buffer.last = Math.max(buffer.last, this.ops.length);
  }

  /** Ends a segment: the caller gets to read the buffer before the next op runs. */
  pause(label: string, buffer: DraftBuffer): void {
    buffer.last = Math.max(buffer.last, this.ops.length - 1);
    this.pauses.push({ end: this.ops.length, label, buffer });
  }
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
  for (const [index, { name, args }] of draft.ops.entries()) {
    integers[index * words] = OPS[name].code;
    for (const [position, field] of OPS[name].fields.entries()) {
      const argument = args[field] ?? 0;
      const value = typeof argument === 'number' ? argument : arena + argument.buffer.offset + argument.bytes;
      const target = FLOAT_FIELDS.includes(field) ? floats : integers;
      target[index * words + 1 + position] = value;
    }
  }
}
