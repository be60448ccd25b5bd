import { describe, expect, it } from '@jest/globals';
import { pathOf, targetOf } from './request-target.js';

describe('the target of a request', () => {
  it.each([
    ['/', '/', '', null],
    ['/join?x=1#y', '/join', '?x=1#y', null],
    ['/socket.io/?EIO=4', '/socket.io/', '?EIO=4', null],
    ['/a//b', '/a//b', '', null],
    ['/%2e%2e/x', '/%2e%2e/x', '', null],
    ['http://a:80/join?x', '/join', '?x', 'a'],
    ['HTTPS://a:99', '/', '', 'a:99'],
    ['*', '*', '', null],
  ])('%j has the path %j', (url, path, query, host) => {
    expect(targetOf({ url })).toEqual({ path, query, host });
    expect(pathOf({ url })).toBe(path);
  });

  it.each([
    ...[
      '//',
      '//@/',
      '//evil.example/join',
      '/\\',
      '\\',
      '',
      'join',
      'ftp://a/',
      'http://',
      'http://a:99999/',
    ],
    ...['http://a//b', '/%', '/%z1', '/a b', '/\u0000', '/é', 'http://[/'],
  ])('%j is none', (url) => {
    expect(targetOf({ url })).toBeNull();
    expect(pathOf({ url })).toBe('');
  });
});
