/**
 * The engine's kernels. A program is a run of fixed-size records in memory, each an op number and its arguments;
 * `execute` runs them in order. With several threads every thread runs the whole program on its own share of the
 * channels and meets the others between ops, so results do not depend on how many there are.
 */
import { biasGrad, channelStats } from './stats';
import { denseConv, denseWeightGrad, packDense } from './dense';
import { Op, RECORD_BYTES } from './gen/ops';
import { join } from './join';
import { joinGrad } from './join-grad';
import { normBatch, normRunning } from './norm';
import { adam, loss, sgd } from './learn';
import { copy, fill, flatten, gather, gatherAdd, loadImages, pool, poolGrad, scatter, zeroGaps } from './move';
import { awaitProgram, meet, publish, publishedCount, publishedFirst } from './threads';
import { sparseConv, sparseWeightGrad } from './sparse';

/** First byte that the kernels leave to the caller. */
export function heapBase(): usize {
  return __heap_base;
}

/** Multiplies byte offsets by `to / from`, when the bytes of a position change. */
export function scaleOffsets(ptr: usize, count: i32, from: i32, to: i32): void {
  const end = ptr + 4 * <usize>count;
  for (; ptr < end; ptr += 4) store<i32>(ptr, (load<i32>(ptr) / from) * to);
}

/** Runs `count` records from `first` on, by one thread. */
export function execute(first: usize, count: i32): void {
  const end = first + <usize>RECORD_BYTES * <usize>count;
  for (let op = first; op < end; op += RECORD_BYTES) run(op, 0, 1);
}

/** Runs records as thread 0 of several; the others must be in {@link serve} on the same control block. */
export function executeShared(control: usize, first: usize, count: i32, threads: i32): void {
  if (ASC_FEATURE_THREADS) {
    publish(control, first, count);
    runShared(control, first, count, 0, threads);
  } else {
    unreachable();
  }
}

/** Main loop of another thread: runs its share of every published program until the program is empty. */
export function serve(control: usize, thread: i32, threads: i32): void {
  if (ASC_FEATURE_THREADS) {
    let seen: i32 = 0;
    for (;;) {
      seen = awaitProgram(control, seen);
      const first = publishedFirst(control);
      if (first == 0) return;
      runShared(control, first, publishedCount(control), thread, threads);
    }
  } else {
    unreachable();
  }
}

function runShared(control: usize, first: usize, count: i32, thread: i32, threads: i32): void {
  const end = first + <usize>RECORD_BYTES * <usize>count;
  for (let op = first; op < end; op += RECORD_BYTES) {
    run(op, thread, threads);
    meet(control, threads);
  }
}

/** Lets the other threads go. */
export function dismiss(control: usize): void {
  if (ASC_FEATURE_THREADS) publish(control, 0, 0);
  else unreachable();
}

function run(op: usize, thread: i32, threads: i32): void {
  switch (load<i32>(op)) {
    case Op.sparseConv: return sparseConv(op, thread, threads);
    case Op.sparseWeightGrad: return sparseWeightGrad(op, thread, threads);
    case Op.denseConv: return denseConv(op, thread, threads);
    case Op.denseWeightGrad: return denseWeightGrad(op, thread, threads);
    case Op.biasGrad: return biasGrad(op, thread, threads);
    case Op.channelStats: return channelStats(op, thread, threads);
    case Op.normBatch: return normBatch(op, thread, threads);
    case Op.normRunning: return normRunning(op, thread, threads);
    case Op.join: return join(op, thread, threads);
    case Op.joinGrad: return joinGrad(op, thread, threads);
    case Op.pool: return pool(op, thread, threads);
    case Op.poolGrad: return poolGrad(op, thread, threads);
    case Op.copy: return copy(op, thread, threads);
    case Op.flatten: return flatten(op, thread, threads);
    case Op.zeroGaps: return zeroGaps(op, thread, threads);
    case Op.fill: return fill(op, thread);
    case Op.loadImages: return loadImages(op, thread, threads);
    case Op.loss: return loss(op, thread);
    case Op.gather: return gather(op, thread, threads);
    case Op.scatter: return scatter(op, thread, threads);
    case Op.gatherAdd: return gatherAdd(op, thread, threads);
    case Op.packDense: return packDense(op, thread, threads);
    case Op.sgd: return sgd(op, thread, threads);
    case Op.adam: return adam(op, thread, threads);
    default: unreachable();
  }
}
