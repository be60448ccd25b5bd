import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { hostname } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { CERTIFICATE } from '../testing/certificates.js';
import { AllowedHosts, type HostRules } from './allowed-hosts.js';

const RULES: HostRules = {
  publicUrls: ['https://train.example', 'http://lan.example:8080'],
  origins: ['https://page.example'],
  listening: 'box.corp.example',
  certificate: null,
};

/** The status of the refusal of a request with these headers, null for none. */
function refused(headers: Record<string, string>, { url = '/', rules = RULES } = {}): number | null {
  const request = new IncomingMessage(new Socket());
  request.url = url;
  Object.assign(request.headers, headers);
  return new AllowedHosts(rules).refusal(request)?.status ?? null;
}

describe('hosts that a server answers to', () => {
  it.each([
    ...[
      'localhost',
      'localhost:7464',
      'LocalHost.',
      'app.localhost',
      '127.0.0.1',
      '127.9.9.9:1',
      '[::1]:7464',
    ],
    // An address cannot be made to lead elsewhere, and a forwarded port has another than this machine's.
    ...['203.0.113.7:7464', '[2001:db8::1]', '0.0.0.0'],
    ...[hostname(), `${hostname().toUpperCase()}:80`, 'printer.local', 'train.example', 'train.example:444'],
    ...['TRAIN.EXAMPLE.', 'lan.example', 'box.corp.example'],
  ])('%s is one', (host) => {
    expect(refused({ host })).toBeNull();
  });

  it.each([
    ...[
      'evil.example',
      'evil.example:7464',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'local',
      'xlocal',
    ],
    ...[
      'train.example.evil.example',
      'xtrain.example',
      '',
      ' ',
      'user@localhost',
      'localhost/x',
      'localhost?',
      '[',
    ],
    ...['localhost, evil.example', 'localhost:99999', 'evil'],
  ])('%j is none', (host) => {
    expect(refused({ host })).toBe(421);
  });

  it('judges the host of a whole URL too, and lets programs without a host in', () => {
    expect(refused({ host: 'localhost' }, { url: 'http://evil.example/join' })).toBe(421);
    expect(refused({ host: 'evil.example' }, { url: 'http://localhost/join' })).toBe(421);
    expect(refused({})).toBeNull();
  });

  it('knows the names in its certificate', () => {
    const rules = { ...RULES, certificate: CERTIFICATE };
    expect(refused({ host: 'espalier.example:7464' }, { rules })).toBeNull();
    expect(refused({ host: 'espalier.example:7464' })).toBe(421);
    expect(refused({ host: 'evil.example' }, { rules })).toBe(421);
  });
});

describe('origins that may ask', () => {
  it.each([
    ['127.0.0.1:7464', 'http://127.0.0.1:7464', null],
    ['localhost:7464', 'http://127.0.0.1:7464', 403],
    ['localhost:7464', 'http://localhost:8080', 403],
    ['localhost', 'https://page.example', null],
    // A proxy passes its own host on.
    ['127.0.0.1:7464', 'https://train.example', null],
    ['127.0.0.1:7464', 'http://train.example', 403],
    ['127.0.0.1', 'null', 403],
    ['127.0.0.1', '', 403],
    ['evil.example', 'http://evil.example', 421],
  ])('to %s from %s: %p', (host, origin, status) => {
    expect(refused({ host, origin })).toBe(status);
  });

  it('all of them where all are allowed, but to no other host', () => {
    const rules = { ...RULES, origins: ['*'] };
    expect(refused({ host: 'localhost', origin: 'https://evil.example' }, { rules })).toBeNull();
    expect(refused({ host: 'evil.example', origin: 'http://evil.example' }, { rules })).toBe(421);
  });
});
