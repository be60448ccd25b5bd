import { probeEngine } from './engine-probe.js';

/** Runs in the page; the test reads the outcome from its title. */
probeEngine().then(
  (probe) => {
    document.title = JSON.stringify({ probe });
  },
  (error: unknown) => {
    document.title = JSON.stringify({ error: String(error) });
  },
);
