import { whenFree } from '@espalier/disk';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pathOf } from '../sockets/index.js';
import { secure } from './security-headers.js';

/** Answers a request, or hands it on. */
export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void | Promise<void>,
) => void | Promise<void>;

/** MIME type of each kind of file that the pages use. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html;charset=utf-8'],
  ['.js', 'text/javascript'],
  ['.css', 'text/css'],
  ['.svg', 'image/svg+xml'],
  ['.json', 'application/json'],
  ['.wasm', 'application/wasm'],
]);

/** Compressed forms that may lie beside a file, best first. */
const FORMS = [
  { encoding: 'br', suffix: '.br' },
  { encoding: 'gzip', suffix: '.gz' },
] as const;

interface PageFile {
  readonly bytes: Buffer;
  readonly etag: string;
}

/**
 * The pages in that folder: `/` is `index.html`, `/join` is `join.html`. Compressed forms that lie beside a file are
 * sent to those who take them; what has its hash in its name may be kept for good. Files are read once and kept in
 * memory: however many are asked for at a time, and however slowly they are taken, no descriptor is held.
 */
export function pageHandler(folder: string): Handler {
  const names = namesIn(folder);
  const read = new Map<string, Promise<PageFile>>();
  const load = (name: string): Promise<PageFile> => {
    const known = read.get(name) ?? readPage(join(folder, name));
    read.set(name, known);
    // One that could not be read is tried again when it is asked for again.
    known.catch(() => read.delete(name));
    return known;
  };
  return async (request, response, next) => {
    const name =
      request.method === 'GET' || request.method === 'HEAD' ? nameOf(pathOf(request), names) : null;
    if (name === null) return next();
    const form = FORMS.find(({ encoding, suffix }) => takes(request, encoding) && names.has(name + suffix));
    const file = await load(name + (form?.suffix ?? ''));
    secure(response);
    response.setHeader('cache-control', name.startsWith('assets/') ? FOR_GOOD : 'no-cache');
    response.setHeader('vary', 'accept-encoding');
    response.setHeader('etag', file.etag);
    if (request.headers['if-none-match'] === file.etag) {
      response.writeHead(304).end();
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES.get(extname(name)) ?? 'application/octet-stream',
      'content-length': file.bytes.length,
      ...(form ? { 'content-encoding': form.encoding } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : file.bytes);
  };
}

const FOR_GOOD = 'public, max-age=31536000, immutable';

/** Paths of the files in the folder and below, with slashes. */
function namesIn(folder: string): ReadonlySet<string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Set(
    entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(join(folder, sep).length))
      .map((path) => path.split(sep).join('/')),
  );
}

/** The file that a path asks for; only those that are there can be named. */
function nameOf(path: string, names: ReadonlySet<string>): string | null {
  const asked = path.slice(1).replace(/\/$/, '');
  const candidates = asked === '' ? ['index.html'] : [asked, `${asked}.html`];
  return candidates.find((name) => names.has(name)) ?? null;
}

function takes({ headers }: IncomingMessage, encoding: string): boolean {
  const offered = (headers['accept-encoding'] ?? '').split(',');
  return offered.some((one) => one.split(';')[0]?.trim().toLowerCase() === encoding);
}

async function readPage(path: string): Promise<PageFile> {
  const bytes = await whenFree(() => readFile(path));
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` };
}
