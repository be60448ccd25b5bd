import { removeParts } from '@espalier/disk';
import { EXIT } from './exit-codes.js';

/** A command that ends in order when it is asked to. */
interface Listener {
  readonly callback: (signal: NodeJS.Signals) => void;
  asked: boolean;
}

const listeners: Listener[] = [];

/**
 * Listens for Ctrl-C and termination requests from now to the end of the process. Work that registered with
 * {@link onInterrupt} ends in order; where there is none, and at a second request, the process ends at once
 * with the code of an interruption, and leaves no half-written file.
 */
export function listenForInterrupts(): void {
  process.on('SIGINT', heard);
  process.on('SIGTERM', heard);
}

/**
 * Calls back on the first Ctrl-C or termination request, so that the command can end in order; a second one ends the
 * process at once. Returns how to stop listening.
 */
export function onInterrupt(callback: (signal: NodeJS.Signals) => void): () => void {
  const listener: Listener = { callback, asked: false };
  listeners.push(listener);
  return () => {
    const at = listeners.indexOf(listener);
    if (at >= 0) listeners.splice(at, 1);
  };
}

function heard(signal: NodeJS.Signals): void {
  const newest = listeners.at(-1);
  if (newest === undefined || newest.asked) {
    removeParts();
    process.exit(EXIT.interrupted);
  }
  newest.asked = true;
  newest.callback(signal);
}
