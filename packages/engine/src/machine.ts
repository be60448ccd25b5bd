import { NO_VIEW } from './ops/arguments.js';
import { startOf } from './plan/emission.js';
import { Draft, recordBytes, writeRecords } from './plan/draft.js';
import { placeBuffers } from './plan/arena.js';
import { instantiateKernels, type Kernels } from './wasm/kernels.js';
import { LinearMemory } from './wasm/linear-memory.js';

/** Peak rates of this machine in WebAssembly, on one thread: the two lines of the roofline. */
export interface MachineRates {
  /** The engine's own dense inner loop on data in the first-level cache. */
  readonly gflops: number;
  /** Bytes read plus bytes written, copying from and to main memory. */
  readonly gigabytesPerSecond: number;
}

/** Milliseconds from some fixed point: `performance.now`. */
export type Clock = () => number;

const ROUNDS = 7;

/** Measures both rates, each the best of several rounds; takes about a third of a second. */
export async function measureMachine(clock: Clock): Promise<MachineRates> {
  const memory = new LinearMemory();
  const kernels = await instantiateKernels(memory.memory);
  const arithmetic = arithmeticDraft();
  const traffic = trafficDraft();
  return {
    gflops: arithmetic.work / bestMilliseconds({ memory, kernels, clock }, arithmetic.draft) / 1e6,
    gigabytesPerSecond: traffic.work / bestMilliseconds({ memory, kernels, clock }, traffic.draft) / 1e6,
  };
}

interface Bench {
  readonly memory: LinearMemory;
  readonly kernels: Kernels;
  readonly clock: Clock;
}

/** 32 rows by 64 floats over 256 products, 400 times over. */
function arithmeticDraft(): { draft: Draft; work: number } {
  const draft = new Draft();
  const [rows, kCount, height, posBytes] = [32, 256, 400, 256];
  const x = draft.buffer(kCount * posBytes);
  const y = draft.buffer(rows * posBytes);
  const kOff = draft.buffer(4 * kCount);
  const pack = draft.buffer(4 * rows * kCount);
  draft.op('denseConv', {
    x: { ...NO_VIEW, at: startOf(x), col: posBytes },
    y: { ...NO_VIEW, at: startOf(y), col: posBytes, plane: posBytes },
    size: { channels: rows, height, width: 1, posBytes },
    kOff: startOf(kOff),
    kCount,
    pack: startOf(pack),
    bias: 0,
    accumulate: 0,
  });
  return { draft, work: 2 * rows * kCount * height * (posBytes / 4) };
}

/** 64 MB copied to another place. */
function trafficDraft(): { draft: Draft; work: number } {
  const draft = new Draft();
  const bytes = 64 << 20;
  const src = draft.buffer(bytes);
  const dst = draft.buffer(bytes);
  draft.op('copy', {
    dst: { ...NO_VIEW, at: startOf(dst) },
    src: { ...NO_VIEW, at: startOf(src) },
    size: { channels: 1, height: 1, width: bytes / 16, posBytes: 16 },
    accumulate: 0,
  });
  return { draft, work: 2 * bytes };
}

function bestMilliseconds({ memory, kernels, clock }: Bench, draft: Draft): number {
  const records = kernels.heapBase();
  const arena = Math.ceil((records + recordBytes(draft)) / 64) * 64;
  memory.ensure(arena + placeBuffers(draft.buffers));
  writeRecords(draft, memory, records, arena);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i++) {
    const start = clock();
    kernels.execute(records, draft.ops.length);
    best = Math.min(best, clock() - start);
  }
  return best;
}
