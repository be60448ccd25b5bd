/**
 * Calls back on the first Ctrl-C or termination request, so that the command can end in order; a second one ends the
 * process at once. Returns how to stop listening.
 */
export function onInterrupt(callback: () => void): () => void {
  let asked = false;
  const listener = (): void => {
    if (asked) process.exit(130);
    asked = true;
    callback();
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
}
