import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { create } from 'tar';
import { readFileSet } from '../data/file-set.js';
import { cifarBatch, mnistFolder } from '../testing/data-files.js';
import { testFolder, type TestFolder } from '../testing/image-files.js';
import { archiveNamed, archives, type Archive } from './catalogue.js';
import { download } from './download.js';
import { fetchArchive } from './fetch-archive.js';

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
const content = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) % 251));

/** Behaviour of the site, and the requests it got. */
interface Site {
  ranges: boolean;
  /** Bytes after which each of the next answers breaks off, once they have arrived. */
  breaks: number[];
  breakAt: number;
  breakOff: () => void;
  readonly asked: string[];
  readonly files: Map<string, Buffer>;
}

let folder: TestFolder;
let server: Server;
let site: Site;
let base: string;
beforeEach(async () => {
  folder = await testFolder();
  site = {
    ranges: true,
    breaks: [],
    breakAt: Infinity,
    breakOff: () => undefined,
    asked: [],
    files: new Map([['file.bin', content]]),
  };
  server = createServer((request, response) => {
    const bytes = site.files.get((request.url ?? '').slice(1));
    site.asked.push(request.headers.range ?? 'all');
    if (bytes === undefined) return void response.writeHead(404).end();
    const from = site.ranges ? Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
    if (from >= bytes.length) return void response.writeHead(416).end();
    const rest = bytes.subarray(from);
    const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length, ...(from > 0 ? range : {}) });
    const limit = site.breaks.shift();
    if (limit === undefined) response.end(rest);
    else {
      site.breakAt = from + limit;
      site.breakOff = () => response.destroy();
      response.write(rest.subarray(0, limit));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await folder.remove();
});

const target = () => join(folder.path, 'file.bin');
const get = (options: { md5?: string; onProgress?: (received: number, total: number | null) => void } = {}) =>
  download(`${base}/file.bin`, target(), {
    md5: md5(content),
    onProgress: (received) => {
      if (received < site.breakAt) return;
      site.breakAt = Infinity;
      site.breakOff();
    },
    ...options,
  });

describe('download', () => {
  it('brings the file, tells how far it is, and asks for nothing that is there', async () => {
    const seen: (readonly [number, number | null])[] = [];
    expect(await get({ onProgress: (received, total) => seen.push([received, total]) })).toBe(true);
    expect(seen.at(-1)).toEqual([content.length, content.length]);
    expect(await readdir(folder.path)).toEqual(['file.bin']);
    expect(await get()).toBe(false);
    expect(site.asked).toEqual(['all']);
  });

  it('goes on where the connection broke', async () => {
    site.breaks = [40_000, 30_000];
    await get();
    expect(await readFile(target())).toEqual(content);
    expect(site.asked).toEqual(['all', 'bytes=40000-', 'bytes=70000-']);
  });

  it('leaves nothing on a full disk', async () => {
    await symlink('/dev/full', `${target()}.part`);
    await expect(get()).rejects.toThrow(/^\[storage\] cannot write .*part: ENOSPC.*the disk is full/);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('goes on from what an earlier call left, also when that was all', async () => {
    await writeFile(`${target()}.part`, content.subarray(0, 70_000));
    await get();
    expect(site.asked).toEqual(['bytes=70000-']);
    await rename(target(), `${target()}.part`);
    await get();
    expect(await readFile(target())).toEqual(content);
  });

  it('takes no other file’s place', async () => {
    await writeFile(target(), 'of another set');
    await expect(get()).rejects.toThrow(
      /file.bin is there already and is another file .* choose another folder/,
    );
    expect(await readFile(target(), 'utf8')).toBe('of another set');
  });

  it('begins again where the server knows no ranges', async () => {
    site.ranges = false;
    site.breaks = [40_000];
    await get();
    expect(await readFile(target())).toEqual(content);
  });

  it('keeps what came when the connection breaks again and again', async () => {
    site.breaks = [10_000, 10_000, 10_000, 10_000];
    await expect(get()).rejects.toThrow(
      /\[connection_lost\] .* broke off 4 times; 40000 bytes are kept: run the command again/,
    );
    expect((await readdir(folder.path)).sort()).toEqual(['file.bin.part']);
    await get();
    expect(await readFile(target())).toEqual(content);
  });

  it('keeps nothing of a file with another checksum', async () => {
    await expect(get({ md5: '0'.repeat(32) })).rejects.toThrow(
      /\[invalid_data\] .*has the MD5 [0-9a-f]{32}; expected 0+/,
    );
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('says what the server answered, or that there is none', async () => {
    await expect(download(`${base}/none`, target(), { md5: '' })).rejects.toThrow('answered 404 Not Found');
    await expect(download('http://127.0.0.1:9/x', target(), { md5: '' })).rejects.toThrow(
      /\[connection_lost\] .*cannot be reached/,
    );
  });
});

describe('fetchArchive', () => {
  async function tarball(inner: string): Promise<Archive> {
    const cwd = join(folder.path, 'made');
    await mkdir(join(cwd, inner), { recursive: true });
    for (const batch of [1, 2, 3, 4, 5])
      await writeFile(join(cwd, inner, `data_batch_${batch}.bin`), cifarBatch([batch]));
    await create({ cwd, gzip: true, file: join(folder.path, 'a.tar.gz') }, [inner]);
    const bytes = await readFile(join(folder.path, 'a.tar.gz'));
    site.files.set('a.tar.gz', bytes);
    const file = { url: 'http://elsewhere/a.tar.gz', name: 'a.tar.gz', md5: md5(bytes), folder: 'batches' };
    return { ...archiveNamed('cifar10'), files: [file] };
  }

  it('unpacks a tarball into a folder that is then read', async () => {
    const to = join(folder.path, 'data/cifar');
    const archive = await tarball('batches');
    expect(await fetchArchive(archive, { to, mirror: `${base}/` })).toEqual([
      { path: join(to, 'batches'), fresh: true },
    ]);
    expect(await readdir(to)).toEqual(['batches']);
    expect((await readFileSet(archive.kind, to)).train.labels).toEqual(Uint16Array.of(1, 2, 3, 4, 5));
    expect(await fetchArchive(archive, { to, mirror: base })).toEqual([
      { path: join(to, 'batches'), fresh: false },
    ]);
    expect(site.asked).toHaveLength(1);
  });

  it('leaves nothing half unpacked', async () => {
    const to = join(folder.path, 'data');
    await expect(fetchArchive(await tarball('other'), { to, mirror: base })).rejects.toThrow(
      'does not hold the folder batches',
    );
    expect(await readdir(to)).toEqual(['a.tar.gz']);
  });

  it('brings all files of the MNIST family', async () => {
    const made = await mnistFolder(folder, 2);
    const files = await Promise.all(
      archiveNamed('mnist').files.map(async (file) => {
        const bytes = await readFile(join(made, file.name));
        site.files.set(file.name, bytes);
        return { ...file, md5: md5(bytes) };
      }),
    );
    const to = join(folder.path, 'fetched');
    await fetchArchive({ ...archiveNamed('mnist'), files }, { to, mirror: base });
    expect((await readFileSet('idx', to)).classes).toEqual(['0', '1', '2']);
  });
});

describe('the catalogue', () => {
  it('has whole checksums and addresses', () => {
    for (const { files } of Object.values(archives)) {
      for (const { url, name, md5: sum } of files) {
        expect(sum).toMatch(/^[0-9a-f]{32}$/);
        expect(url.endsWith(`/${name}`)).toBe(true);
      }
    }
  });

  it('names the nearest', () => {
    expect(() => archiveNamed('fashionmnist')).toThrow(
      /did you mean fashion-mnist\?.*cifar10, cifar100, mnist/,
    );
  });
});
