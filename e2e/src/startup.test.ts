import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, watch, writeFile, type FileHandle } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ReportRun } from '@espalier/core/report';
import { readRunFolder } from '@espalier/server';
import { Command, espalier } from './support/command.js';
import { EXPIRED_CERTIFICATE, EXPIRED_KEY } from './support/expired-certificate.js';
import { TINY_JOB } from './support/tiny-job.js';

const SHORT = TINY_JOB.replace('numClients: 3', 'numClients: 1')
  .replace('rounds: 5', 'rounds: 2')
  .replace('stopRound: 5', 'stopRound: 2');

let folder: string;
let job: string;
let running: Command[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-startup-'));
  job = join(folder, 'job.yaml');
  await writeFile(job, SHORT);
});
afterEach(async () => {
  for (const command of running) {
    command.signal('SIGKILL');
    await command.finished;
  }
  running = [];
  await rm(folder, { recursive: true, force: true });
});

function serve(args: readonly string[]): Command {
  const command = new Command(
    ['serve', '--port', '0', '--out', join(folder, 'runs'), '--format', 'json', ...args],
    { cwd: folder },
  );
  running.push(command);
  return command;
}

interface Listening {
  readonly url: string;
  readonly joinToken: string;
  readonly adminToken: string;
  readonly folder: string;
}

async function listening(command: Command): Promise<Listening> {
  const [line] = await command.until('out', /\{"listening".*\}/);
  return (JSON.parse(line) as { listening: Listening }).listening;
}

/** Opens a pipe for writing once a reader has opened it; the reader then waits for data that never comes. */
async function onceRead(pipe: string, reader: Command): Promise<FileHandle> {
  const readers = new Set([reader]);
  void reader.finished.then(() => {
    readers.clear();
  });
  while (readers.size > 0) {
    const writer = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK).catch(() => null);
    if (writer) return writer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`nobody read the pipe: ${reader.err}`);
}

describe('a host of IPv6 alone', () => {
  it('is listened on, joined and watched; where there is none, that is said', async () => {
    const command = serve(['--job', job, '--host', '::1']);
    const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    if (!all.some(({ address }) => address === '::1')) {
      const { code, err } = await command.finished;
      expect([code, err]).toEqual([2, expect.stringContaining('cannot listen on ::1')]);
      return;
    }
    const { url, joinToken, adminToken, folder: run } = await listening(command);
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    const headers = { authorization: `Bearer ${adminToken}` };
    expect((await fetch(`${url}/admin/status`, { headers })).status).toBe(200);
    // Nobody is there under IPv4.
    await expect(fetch(url.replace('[::1]', '127.0.0.1'))).rejects.toThrow();
    const joined = await espalier(['join', url, '--token', joinToken]);
    expect([joined.code, (await command.finished).code]).toEqual([0, 0]);
    expect((await readRunFolder(run)).summary).toMatchObject({ rounds: 2, stopped: false });
  });
});

describe('SIGTERM while a coordinator starts', () => {
  it('ends it at once, and leaves nothing', async () => {
    const pipe = join(folder, 'job.pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const command = serve(['--job', pipe]);
    const writer = await onceRead(pipe, command);
    command.signal('SIGTERM');
    const { out, err } = await command.finished;
    await writer.close();
    expect([out, err]).toEqual(['', '']);
    expect(await readdir(folder)).not.toContain('runs');
  });

  it('while its folder is made is heard, and the next one starts beside what it left', async () => {
    const runs = join(folder, 'runs');
    await mkdir(runs);
    const changes = watch(runs)[Symbol.asyncIterator]();
    const made = changes.next();
    const command = serve(['--job', job]);
    await made;
    // A watch that goes on would keep the tests from ending.
    await changes.return?.();
    command.signal('SIGTERM');
    expect((await command.finished).code).toBe(130);
    expect((await listening(serve(['--job', job]))).folder).toContain(runs);
  });

  it('while it prepares leaves a run that can be taken up again', async () => {
    // Seconds, so that it is met in the middle of it.
    await writeFile(job, SHORT.replace('pretrain: { epochs: 1', 'pretrain: { epochs: 2000'));
    const first = serve(['--job', job]);
    const { folder: run, joinToken } = await listening(first);
    first.signal('SIGTERM');
    const { code, err } = await first.finished;
    expect([code, err]).toEqual([130, expect.stringContaining('taken up again with --resume')]);
    const second = serve(['--resume', run]);
    const { url } = await listening(second);
    const joined = await espalier(['join', url, '--token', joinToken]);
    expect([joined.code, (await second.finished).code]).toEqual([0, 0]);
    expect((await readRunFolder(run)).summary).toMatchObject({ rounds: 2, stopped: false });
  });
});

describe('a certificate that has expired', () => {
  it('is refused before anything listens, with its date and what to do', async () => {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    await writeFile(cert, EXPIRED_CERTIFICATE);
    await writeFile(key, EXPIRED_KEY);
    const { code, out, err } = await serve(['--job', job, '--tls-cert', cert, '--tls-key', key]).finished;
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(
      "the certificate of CN=espalier.example expired on Jan  1 00:00:00 2021 GMT: renew it, or look at this machine's clock",
    );
    expect(await readdir(folder)).not.toContain('runs');
  });
});

describe('a dense control beside a run that goes on', () => {
  it('is on its dashboard from the start, and must be a run folder', async () => {
    const dense = serve(['--job', job]);
    const { url, joinToken, folder: control } = await listening(dense);
    await espalier(['join', url, '--token', joinToken]);
    await dense.finished;
    const live = await listening(serve(['--job', job, '--control', control]));
    const headers = { authorization: `Bearer ${live.adminToken}` };
    const shown = (await (await fetch(`${live.url}/api/run`, { headers })).json()) as ReportRun;
    expect(shown.metrics).toEqual([]);
    expect(shown.control).toEqual((await readRunFolder(control)).metrics);
    expect(shown.control).toHaveLength(2);

    const { code, err } = await serve(['--job', job, '--control', join(folder, 'runs')]).finished;
    expect([code, err]).toEqual([3, expect.stringContaining('is not a run folder')]);
  });
});
