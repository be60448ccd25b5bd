import type { StoredRunModel, Journal } from '../journal/journal.js';
import { EspalierError, type Job, type ModelGraph, type MomentTree } from '@espalier/core';
import type { OptimizerSlots, RuleMemory } from '@espalier/core/methods';
import { type NestedPool, globalModel, type GlobalModel } from '@espalier/core/round';
import { decodeBundle, decodeServerMessage, encodeServerMessage, type WireContext } from '@espalier/proto';
import type { StoredRecord } from '../record/run-record.js';

/** State of the run's model that is needed to resume, once it is prepared. */
export interface RunModelState {
  readonly model: GlobalModel;
  /** State of the server optimiser; null before its first step. */
  readonly slots: OptimizerSlots | null;
  /** State of the method's rule; null before its first round, and for rules that keep none. */
  readonly memory: RuleMemory | null;
  readonly pool: NestedPool | null;
  readonly poolMoments: readonly MomentTree[];
  readonly record: StoredRecord;
}

interface Names {
  readonly model: string;
  /** A blob per slot. */
  readonly slots: Readonly<Record<string, string>> | null;
  /** A blob per array; older snapshots lack it, as they lack `ranks`. */
  readonly memory?: Readonly<Record<string, string>> | null;
  /** Blob that ranks the mask's weights, where clients train parts of it. */
  readonly ranks?: string | null;
  readonly pool: string | null;
  readonly poolMoments: string | null;
  readonly record: StoredRecord;
}

/** Makes the state's blobs durable; what it gives belongs into a snapshot. @throws EspalierError `storage`. */
export async function storeRunModel(
  { model, slots, memory, pool, poolMoments, record }: RunModelState,
  { job, journal, context, bundle }: StoreTools,
): Promise<StoredRunModel> {
  const { batchSize, pool: spec } = job;
  const names: Names = {
    model: await journal.keep(bundle(model)),
    slots: slots && (await keepArrays(journal, slots)),
    memory: memory && (await keepArrays(journal, memory)),
    ranks: job.heterogeneous && (await journal.keep(floatBytes(model.ranks))),
    pool:
      pool === null
        ? null
        : await journal.keep(
            encodeServerMessage({ kind: 'pool', pool, mode: spec.momentMode, batchSize }, context),
          ),
    poolMoments:
      poolMoments.length === 0
        ? null
        : await journal.keep(encodeServerMessage({ kind: 'poolMoments', candidates: poolMoments }, context)),
    record,
  };
  const blobs = [
    ...[names.model, names.pool, names.poolMoments, names.ranks ?? null],
    ...[names.slots, names.memory ?? null].flatMap((arrays) => Object.values(arrays ?? {})),
  ].filter((name) => name !== null);
  return { text: JSON.stringify(names), blobs };
}

/** Dependencies of storing the state. */
export interface StoreTools {
  readonly job: Job;
  readonly journal: Journal;
  readonly context: WireContext;
  readonly bundle: (model: GlobalModel) => Uint8Array;
}

/** The state of a snapshot. @throws EspalierError `storage` when a blob is gone or damaged, naming it. */
export async function loadRunModel(
  text: string,
  {
    graph,
    journal,
    context,
  }: { readonly graph: ModelGraph; readonly journal: Journal; readonly context: WireContext },
): Promise<RunModelState> {
  const names = JSON.parse(text) as Names;
  const { mask, state } = decodeBundle(await journal.read(names.model));
  return {
    // Everybody connects anew and is sent the mask whole: the mask before it is of no use any more.
    model: globalModel(
      graph,
      mask,
      state,
      names.ranks ? { ranks: await loadFloats(journal, names.ranks) } : {},
    ),
    slots: names.slots && (await loadArrays(journal, names.slots)),
    memory: names.memory ? await loadArrays(journal, names.memory) : null,
    pool: names.pool === null ? null : await loadPool(journal, names.pool, context),
    poolMoments: names.poolMoments === null ? [] : await loadPoolMoments(journal, names.poolMoments, context),
    record: names.record,
  };
}

/** State of a server optimiser or a rule, by name. */
type Arrays = Readonly<Record<string, Float32Array>>;

async function keepArrays(journal: Journal, arrays: Arrays): Promise<Record<string, string>> {
  const names: Record<string, string> = {};
  for (const [array, values] of Object.entries(arrays)) {
    names[array] = await journal.keep(floatBytes(values));
  }
  return names;
}

async function loadArrays(journal: Journal, names: Readonly<Record<string, string>>): Promise<Arrays> {
  const arrays: Record<string, Float32Array> = {};
  for (const [array, name] of Object.entries(names)) {
    arrays[array] = await loadFloats(journal, name);
  }
  return arrays;
}

function floatBytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

async function loadFloats(journal: Journal, name: string): Promise<Float32Array> {
  // A copy: the bytes of a file may begin anywhere in memory, floats may not.
  return new Float32Array(new Uint8Array(await journal.read(name)).buffer);
}

async function loadPool(journal: Journal, name: string, context: WireContext): Promise<NestedPool> {
  const message = decodeServerMessage(await journal.read(name), context);
  if (message.kind !== 'pool') throw foreign(name);
  return message.pool;
}

async function loadPoolMoments(
  journal: Journal,
  name: string,
  context: WireContext,
): Promise<readonly MomentTree[]> {
  const message = decodeServerMessage(await journal.read(name), context);
  if (message.kind !== 'poolMoments') throw foreign(name);
  return message.candidates;
}

function foreign(name: string): EspalierError {
  return new EspalierError(
    'storage',
    `blob ${name} is not what the snapshot says it is: restore it from a backup`,
  );
}
