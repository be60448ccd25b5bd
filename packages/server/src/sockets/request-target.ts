import type { IncomingMessage } from 'node:http';

/** Visible ASCII without the backslash, which some readers take for a slash. */
const CHARACTERS = /^[\x21-\x5b\x5d-\x7e]+$/;

/** Target in the first line of a request. */
export interface RequestTarget {
  /** From its first slash on, without the query; `*` where the request is about the whole server. */
  readonly path: string;
  readonly query: string;
  /** Host and port of a target that is a whole URL; else null. */
  readonly host: string | null;
}

/**
 * Reads a request's target. Null for what is none: other characters than a URL has, a path that begins with two slashes
 * (a host to some readers, a path to others), a percent sign without its two digits, a URL that is not of HTTP.
 */
export function targetOf({ url = '' }: Pick<IncomingMessage, 'url'>): RequestTarget | null {
  if (!CHARACTERS.test(url) || /%(?![0-9a-f]{2})/i.test(url)) return null;
  if (url === '*') return { path: url, query: '', host: null };
  if (url.startsWith('/')) return url.startsWith('//') ? null : { ...split(url), host: null };
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return null;
  const { host, pathname, search } = new URL(url);
  return pathname.startsWith('//') ? null : { path: pathname, query: search, host };
}

/** A request's path; empty for a target that is none, which no route is. */
export function pathOf(request: Pick<IncomingMessage, 'url'>): string {
  return targetOf(request)?.path ?? '';
}

function split(url: string): { readonly path: string; readonly query: string } {
  const end = url.search(/[?#]/);
  return end === -1 ? { path: url, query: '' } : { path: url.slice(0, end), query: url.slice(end) };
}
