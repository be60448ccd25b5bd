/**
 * Synchronisation of threads. A control block holds, as i32: 0 threads arrived, 4 meetings held, 8 programs
 * published, 12 first record, 16 number of records.
 */

/** Looks this often before sleeping: ops are far shorter than a sleep and a wake. */
const SPINS: i32 = 4000;

/** Waits until all threads are here. */
export function meet(control: usize, threads: i32): void {
  const held = atomic.load<i32>(control, 4);
  if (atomic.add<i32>(control, 1, 0) == threads - 1) {
    atomic.store<i32>(control, 0, 0);
    atomic.add<i32>(control, 1, 4);
    atomic.notify(control + 4, -1);
  } else {
    awaitChange(control + 4, held);
  }
}

/** Gives the other threads a program; 0 sends them home. */
export function publish(control: usize, first: usize, count: i32): void {
  store<usize>(control, first, 12);
  store<i32>(control, count, 16);
  atomic.add<i32>(control, 1, 8);
  atomic.notify(control + 8, -1);
}

/** Waits for a program after the `seen` first ones; returns how many there have been. */
export function awaitProgram(control: usize, seen: i32): i32 {
  awaitChange(control + 8, seen);
  return seen + 1;
}

export function publishedFirst(control: usize): usize {
  return load<usize>(control, 12);
}

export function publishedCount(control: usize): i32 {
  return load<i32>(control, 16);
}

/**
 * The host's Atomics.wait, for at most some milliseconds. Not the wait instruction: in V8 11.3 (Node 20) a loop around
 * it does not see the change it was woken for.
 */
// @ts-ignore: decorator
@external('env', 'sleep')
declare function sleep(address: usize, known: i32): void;

/** Reads by an atomic addition of 0, which no compiler takes out of a loop; V8 11.3 does so with an atomic load. */
// @ts-ignore: decorator
@inline
function freshly(address: usize): i32 {
  return atomic.add<i32>(address, 0);
}

function awaitChange(address: usize, known: i32): void {
  for (let i = 0; i < SPINS; i++) {
    if (freshly(address) != known) return;
  }
  while (freshly(address) == known) sleep(address, known);
}
