/**
 * Calls back on the first Ctrl-C or termination request, so that the command can end in order; a second one ends the
 * process at once. Returns how to stop listening.
 */
export function onInterrupt(callback: (signal: NodeJS.Signals) => void): () => void {
  let asked = false;
  const listener = (signal: NodeJS.Signals): void => {
    if (asked) process.exit(130);
    asked = true;
    callback(signal);
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
}
