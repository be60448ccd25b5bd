import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';

const main = createRequire(__filename).resolve('espalier/main');

/** Exit code and output of a command that has ended. */
export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A running `espalier`, as built. */
export class Command {
  out = '';
  err = '';
  readonly finished: Promise<Finished>;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();

  constructor(
    args: readonly string[],
    { cwd, env = {} }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ) {
    const child = spawn(process.execPath, [main, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.on('data', (chunk: Buffer) => {
      this.out += chunk.toString();
      this.#changed();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.err += chunk.toString();
      this.#changed();
    });
    this.finished = new Promise((resolve) => {
      child.on('close', (code) => {
        resolve({ code, out: this.out, err: this.err });
        this.#changed();
      });
    });
  }

  /** Resolves with the match once the output has it; rejects when the command ends without. */
  async until(stream: 'out' | 'err', pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this[stream]);
      if (match) return match;
      if (this.#child.exitCode !== null)
        throw new Error(`ended without ${String(pattern)}:\n${this.out}\n${this.err}`);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}

/** Runs a command to its end. */
export function espalier(
  args: readonly string[],
  options?: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Finished> {
  return new Command(args, options).finished;
}
