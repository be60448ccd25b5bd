/** Milliseconds for which a trainer may hold the thread before it yields. */
const BREATH_MS = 25;

/** Lets timers, messages and aborts through now and then, at a cost that does not show. */
export class Breather {
  #last = performance.now();

  /** Gives way to the event loop if it has not had a turn for a while. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#last < BREATH_MS) return;
    await nextTurn();
    this.#last = performance.now();
  }
}

/** A task of its own; unlike a timer it is not slowed down in nested calls or hidden pages. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
