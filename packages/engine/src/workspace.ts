import { Draft, recordBytes } from './plan/draft.js';
import { programRecordBytes, type Program, type ProgramDraft } from './plan/program.js';
import type { Store } from './plan/store.js';

/** Addresses of an optimiser's arrays; 0 for those it does not use. */
export interface OptimizerArrays {
  readonly first: number;
  readonly second: number;
  readonly origin: number;
}

/** Memory that one call of the trainer uses besides the store. */
export interface Workspace {
  readonly optimizer: OptimizerArrays;
  readonly programs: readonly Program[];
  /** Clears gradients and results; applies the optimiser and refreshes the copies of the weights. */
  readonly begin: Runnable;
  readonly update: Runnable;
}

/** Records in memory. */
export interface Runnable {
  readonly first: number;
  readonly count: number;
}

/** Contents of a workspace. */
export interface WorkspaceRequest {
  readonly programs: readonly ProgramDraft[];
  readonly optimizer: 'none' | 'sgd' | 'adam';
  readonly proximal: boolean;
}

/** Addresses of all that a workspace adds to the store, `end` is the first address after them. */
export interface WorkspaceLayout {
  readonly optimizer: OptimizerArrays;
  readonly begin: number;
  readonly update: number;
  readonly programs: readonly { readonly draft: ProgramDraft; readonly records: number }[];
  /** Address of the programs' buffers; they share the space. */
  readonly arena: number;
  readonly end: number;
}

/** Lays a workspace out behind the store; `refresh` is the draft that brings copies of the weights up to date. */
export function layoutWorkspace(
  store: Store,
  refresh: Draft,
  { programs, optimizer, proximal }: WorkspaceRequest,
): WorkspaceLayout {
  let next = store.end;
  const take = (bytes: number, alignment = 16): number => {
    const address = Math.ceil(next / alignment) * alignment;
    next = address + bytes;
    return address;
  };
  const array = (wanted: boolean): number => (wanted ? take(4 * store.floats) : 0);
  const arrays = {
    first: array(optimizer !== 'none'),
    second: array(optimizer === 'adam'),
    origin: array(proximal),
  };
  const begin = take(recordBytes(draftBegin(store)));
  const update = take(recordBytes(refresh) + recordBytes(oneOp()));
  const placed = programs.map((draft) => ({ draft, records: take(programRecordBytes(draft)) }));
  const arena = take(0, 64);
  take(programs.reduce((most, { arenaBytes }) => Math.max(most, arenaBytes), 0));
  return { optimizer: arrays, begin, update, programs: placed, arena, end: next };
}

/** Ops that clear gradients and results. */
export function draftBegin({ grads, floats, result }: Store): Draft {
  const draft = new Draft();
  draft.op('fill', { ptr: grads, bytes: 4 * floats });
  draft.op('fill', { ptr: result, bytes: 16 });
  return draft;
}

/** Ops that apply the optimiser and refresh the copies of the weights. */
export function draftUpdate(
  { values, grads, floats: count, hyper }: Store,
  refresh: Draft,
  { optimizer }: WorkspaceRequest,
  { first, second, origin }: OptimizerArrays,
): Draft {
  const draft = new Draft();
  if (optimizer === 'sgd') draft.op('sgd', { values, grads, velocity: first, origin, count, hyper });
  if (optimizer === 'adam') draft.op('adam', { values, grads, first, second, origin, count, hyper });
  draft.ops.push(...refresh.ops);
  return draft;
}

/** A draft as long as the optimiser's. */
function oneOp(): Draft {
  const draft = new Draft();
  draft.op('fill', { ptr: 0, bytes: 0 });
  return draft;
}
