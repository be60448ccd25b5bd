/**
 * Plays a scenario file against real processes: `kill -9`, SIGSTOP, and a proxy before every client. Faults that TCP
 * hides (frames doubled or swapped) or that need another clock are for the tests in memory; they are counted as left out.
 */
import { readFile } from 'node:fs/promises';
import { freePort, sleep, startCoordinator, startEspalier } from '../processes.mjs';
import { startProxy } from './proxy.mjs';

const MEMORY_ONLY = new Set(['duplicate', 'reorder', 'skew']);
const SECONDS = 1000;

/** @throws Error naming what is missing. */
export async function readScenario(file) {
  const scenario = JSON.parse(await readFile(file, 'utf8'));
  for (const key of ['quorum', 'clients', 'rounds', 'faults']) {
    if (scenario?.[key] === undefined) throw new Error(`${file} has no ${key}`);
  }
  return scenario;
}

/** Runs the job file under the faults; gives the run folder and what struck. */
export async function playScenario({ clients, faults }, { file, out, verbose }) {
  const port = await freePort();
  let server = startCoordinator(['--job', file, '--out', out, '--port', String(port)], { verbose });
  const { joinToken, folder } = await server.listening;
  const proxies = await Promise.all(
    Array.from({ length: clients }, () => startProxy({ host: '127.0.0.1', port })),
  );
  let over = false;
  const parts = proxies.map((proxy, part) => supervise(part));
  let struck = 0;

  function supervise(part) {
    const start = () =>
      startEspalier(['join', proxies[part].url, '--token', joinToken, '--part', `${part + 1}/${clients}`], {
        verbose,
      });
    const seat = { process: start(), down: false };
    const watch = async () => {
      while (!over) {
        const { process } = seat;
        await process.ended;
        // Whoever was turned away, as when its part was not free yet, comes again, as under a service manager.
        if (!seat.down && !over && seat.process === process) {
          await sleep(SECONDS);
          if (!over) seat.process = start();
        }
        while (seat.down) await sleep(50);
      }
    };
    void watch();
    return {
      signal: (name) => seat.process.signal(name),
      end: () => seat.process.end('SIGKILL'),
      crash: async (seconds) => {
        seat.down = true;
        await seat.process.end('SIGKILL');
        await sleep(SECONDS * seconds);
        seat.process = start();
        seat.down = false;
      },
    };
  }

  async function strike(fault) {
    const { kind, who } = fault;
    struck++;
    if (kind === 'crash' && who === 'coordinator') {
      await server.end('SIGKILL');
      await sleep(SECONDS * fault.for);
      server = startCoordinator(['--resume', folder, '--port', String(port)], { verbose });
      await server.listening;
    } else if (kind === 'crash') await parts[who].crash(fault.for);
    else if (kind === 'pause') {
      const victim = who === 'coordinator' ? server : parts[who];
      victim.signal('SIGSTOP');
      await sleep(SECONDS * fault.for);
      victim.signal('SIGCONT');
    } else if (kind === 'slow') {
      proxies[who].slower(fault.seconds);
      await sleep(SECONDS * fault.for);
      proxies[who].slower(-fault.seconds);
    } else proxies[who].strike(kind);
  }

  const began = performance.now();
  const due = [...faults].filter(({ kind }) => !MEMORY_ONLY.has(kind)).sort((a, b) => a.at - b.at);
  for (const fault of due) {
    await sleep(Math.max(0, SECONDS * fault.at - (performance.now() - began)));
    await strike(fault);
  }
  const status = await server.ended;
  over = true;
  for (const part of parts) await part.end();
  for (const proxy of proxies) proxy.close();
  if (status !== 0) throw new Error(`the coordinator ended with ${status}:\n${server.text()}`);
  return { folder, struck, leftOut: faults.length - due.length };
}
