import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { EspalierError } from '@espalier/core';
import { targetOf } from './request-target.js';

/** Names under which a server may be asked, besides those of loopback and of this machine. */
export interface HostRules {
  /** Addresses of this server as others reach it, e.g. `https://train.example`. */
  readonly publicUrls: readonly string[];
  /** Origins of other pages whose scripts may ask; `*` for all. */
  readonly origins: readonly string[];
  /** The name or address that the server was told to listen on. */
  readonly listening: string;
  /** Its certificate in PEM form; null without TLS. */
  readonly certificate: string | null;
}

/** Why a request is not answered, and with which status of HTTP. */
export interface HostRefusal {
  readonly status: 403 | 421;
  readonly error: EspalierError;
}

/**
 * Separates requests meant for this server from those that a page of another site has a browser make. A page
 * can make its own name resolve to this machine (DNS rebinding); the browser then takes both for the same
 * site, and only the name in the `Host` header differs. So names are an allow-list. An IP address is always
 * allowed: no site can make it lead elsewhere, and behind a forwarded port it need not be one of this
 * machine's.
 */
export class AllowedHosts {
  readonly #rules: HostRules;
  readonly #names: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #certificate: X509Certificate | null;

  constructor(rules: HostRules) {
    const publicUrls = rules.publicUrls.map((url) => new URL(url));
    this.#rules = rules;
    this.#names = new Set([
      'localhost',
      ...ownNames(),
      plain(rules.listening),
      ...publicUrls.map((url) => plain(url.hostname)),
    ]);
    this.#origins = new Set([...rules.origins, ...publicUrls.map(({ origin }) => origin)]);
    this.#certificate = rules.certificate === null ? null : new X509Certificate(rules.certificate);
  }

  /** Why that request is not for this server, or null. One without `Host` is of no browser. */
  refusal(request: IncomingMessage): HostRefusal | null {
    const { host, origin } = request.headers;
    const asked = targetOf(request)?.host ?? null;
    for (const name of [host, asked]) {
      if (name != null && !this.#isOurs(name)) return { status: 421, error: otherHost(name) };
    }
    if (origin !== undefined && !this.#mayCome(origin, asked ?? host)) {
      return { status: 403, error: otherOrigin(origin) };
    }
    return null;
  }

  #isOurs(host: string): boolean {
    const name = nameOf(host);
    if (name === null) return false;
    if (isIP(name) !== 0 || this.#names.has(name)) return true;
    if (name.endsWith('.localhost') || name.endsWith('.local')) return true;
    return this.#certificate?.checkHost(name) !== undefined;
  }

  /** Pages of this server, and those that are named. */
  #mayCome(origin: string, host: string | undefined): boolean {
    if (this.#rules.origins.includes('*') || this.#origins.has(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  }
}

/** This machine's name, and its first part, by which others in the same network may know it. */
function ownNames(): readonly string[] {
  const own = plain(hostname());
  return own === '' ? [] : [own, own.replace(/\..*$/, '')];
}

/** The name of a `Host` header without its port and the brackets of IPv6; null for what is none. */
function nameOf(host: string): string | null {
  // Browsers send the host in the form that this gives; anything that a URL would read in another way is refused.
  const url = `http://${host}/`;
  if (!URL.canParse(url)) return null;
  const { hostname: name, username, password, pathname, search, hash } = new URL(url);
  if (username !== '' || password !== '' || pathname !== '/' || search !== '' || hash !== '') return null;
  return name === '' ? null : plain(name);
}

function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

function otherHost(host: string): EspalierError {
  return new EspalierError(
    'unauthorized',
    `this coordinator is not known as ${quoted(host)}: use its address, or start it with --public-url and that name`,
    { host: host.slice(0, SHOWN) },
  );
}

function otherOrigin(origin: string): EspalierError {
  return new EspalierError(
    'unauthorized',
    `pages of ${quoted(origin)} may not connect: allow them with --origin and that origin`,
    { origin: origin.slice(0, SHOWN) },
  );
}

/** Characters of a stranger's text that are shown. */
const SHOWN = 200;

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN));
}
