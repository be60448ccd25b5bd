/** Runs a function later; returns how to cancel it. The platform's timers, or a test's. */
export type Scheduler = (seconds: number, callback: () => void) => () => void;
