import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolder } from '@espalier/disk';

/** Settings of client processes. */
export interface ClientProcessOptions {
  readonly url: string;
  readonly token: string | null;
  readonly count: number;
  readonly folder: string | null;
  readonly backend: string | null;
  /** Further arguments of `join`. */
  readonly more: readonly string[];
  /** Their output goes to `part-<k>.log` here. */
  readonly logs: string;
  /** One ended by itself before the run did. */
  readonly onExit: (part: number, code: number | null) => void;
}

/** Client processes of one run. */
export interface ClientProcesses {
  /** Resolves when all have ended; those that have not after the grace are ended. */
  end(graceSeconds: number): Promise<void>;
}

/** Starts `count` clients as processes of their own, each with its part of the data. */
export async function startClientProcesses(options: ClientProcessOptions): Promise<ClientProcesses> {
  await makeFolder(options.logs);
  const children = Array.from({ length: options.count }, (_, part) => startOne(options, part));
  return { end: (grace) => endAll(children, grace) };
}

function startOne(
  { url, token, count, folder, backend, more, logs, onExit }: ClientProcessOptions,
  part: number,
): ChildProcess {
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const args = [main, 'join', url, '--part', `${part + 1}/${count}`, '--name', `part ${part + 1}`];
  if (folder !== null) args.push('--data', folder);
  if (backend !== null) args.push('--backend', backend);
  args.push(...more);
  const log = createWriteStream(join(logs, `part-${part + 1}.log`));
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Through the environment, not the command line: every process list shows the latter.
    env: { ...process.env, ...(token === null ? {} : { ESPALIER_TOKEN: token }) },
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.on('close', (code) => {
    log.end();
    onExit(part, code);
  });
  return child;
}

async function endAll(children: readonly ChildProcess[], graceSeconds: number): Promise<void> {
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  const ended = Promise.all(running.map((child) => new Promise((resolve) => child.once('close', resolve))));
  const timer = setTimeout(() => {
    for (const child of running) child.kill('SIGKILL');
  }, graceSeconds * 1000);
  await ended;
  clearTimeout(timer);
}
