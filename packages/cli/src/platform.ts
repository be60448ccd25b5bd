/** Seconds from an arbitrary origin, never going back. */
export function nodeClock(): number {
  return performance.now() / 1000;
}

/** Runs a callback after that many seconds; returns how to cancel it. */
export function nodeSchedule(seconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, seconds * 1000);
  return () => {
    clearTimeout(timer);
  };
}
