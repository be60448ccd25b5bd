import type { Timeline } from './timeline.js';
import type { WorkMeter } from './work-meter.js';

/** Parts that are driven through virtual time. */
export interface Driven {
  readonly timeline: Timeline;
  readonly meter: WorkMeter;
  /** True while the coordinator computes, so that its answer must come before the next event. */
  readonly computing: () => boolean;
  /** True when there is nothing left to do. */
  readonly ended: () => boolean;
}

/**
 * Turns of the event loop after which nothing more can follow from what happened: promises settle within a turn, and the
 * coordinator makes events durable one turn after they came.
 */
const QUIET_TURNS = 3;

/**
 * Lets events happen in virtual order until the run has ended: before each, everything that followed from the one
 * before has settled, so that their order, and with it the run, is the same on every machine.
 * @returns false when nothing is planned any more and the run has not ended
 */
export async function drive(driven: Driven): Promise<boolean> {
  const { timeline, meter, ended } = driven;
  for (;;) {
    await settle(driven);
    if (ended()) return true;
    const event = timeline.next();
    if (event === null) {
      if (meter.all === 0) return false;
      await meter.nextEnd();
      continue;
    }
    // The outcome of the work belongs to the caller that asked for it.
    if (event.after !== null) await event.after.catch(() => undefined);
    event.happen();
  }
}

async function settle({ meter, computing, ended }: Driven): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS && !ended();) {
    await turn();
    const waits = meter.urgent > 0 || (computing() && meter.all > 0);
    if (waits) await meter.nextEnd();
    quiet = waits || computing() ? 0 : quiet + 1;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
