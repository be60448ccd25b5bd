import { systemCode } from './storage-error.js';

/** Milliseconds to the first new attempt; each later one takes twice as long, up to {@link LONGEST}. */
const FIRST = 5;
const LONGEST = 500;

/** Milliseconds after which it gives up. */
const PATIENCE = 10_000;

/**
 * Opens something, retrying for ten seconds while this process or the machine has too many files open: a
 * shortage of descriptors, caused by many connections for example, often passes in a moment.
 * @throws the error of `open`, at once unless it is EMFILE or ENFILE.
 */
export async function whenFree<T>(open: () => Promise<T>, wait = delay): Promise<T> {
  let waited = 0;
  for (let pause = FIRST; ; pause = Math.min(2 * pause, LONGEST)) {
    try {
      return await open();
    } catch (error) {
      if (!isCrowded(error) || waited >= PATIENCE) throw error;
    }
    await wait(pause);
    waited += pause;
  }
}

function isCrowded(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes(systemCode(error) ?? '');
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
