/** Raw bytes that a hostile peer may write to an HTTP port: requests right, nearly right and not at all. */
import { mutated, pick, randomBytes } from './frames.mjs';

/** @typedef {import('./frames.mjs').Random} Random */

const METHODS = [
  ...['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'PRI'],
  ...['get', 'G\u0000T', 'GETGETGETGET', ''],
];

const TARGETS = [
  ...[
    '/',
    '/healthz',
    '/readyz',
    '/join',
    '/try',
    '/index.html',
    '/assets/',
    '/api/job',
    '/api/run',
    '/api/stream',
  ],
  ...['/api/model', '/api/', '/metrics', '/admin/status', '/report', '/report.html', '/api/pause', '/bench'],
  ...[
    '//',
    '/\\',
    '//@/',
    '///',
    'http://a:99999/',
    'http://[/',
    'http://',
    'https://localhost/healthz',
    'ftp://x/',
  ],
  ...[
    'http://evil.example/api/job',
    'http://localhost//',
    '*',
    '?',
    '#',
    '/?',
    '/#',
    '/%',
    '/%zz',
    '/%00',
    '/%c0%ae',
  ],
  ...[
    '/../package.json',
    '/..%2f..%2fetc/passwd',
    '/%2e%2e/%2e%2e/x',
    '/./join',
    '/join/',
    '/join//',
    '/a\u0000b',
  ],
  ...[
    '/__proto__',
    '/constructor',
    '/toString',
    '/api/__proto__',
    '/assets/__proto__',
    '/é',
    '/\u0001',
    '/ /',
    '',
  ],
  ...[
    '/socket.io/',
    '/socket.io/?EIO=4&transport=websocket',
    '/socket.io/?EIO=4&transport=polling',
    '/socket.io',
  ],
  ...['/socket.io/?EIO=4&transport=websocket&sid=__proto__', '/socket.io/?EIO=3&transport=websocket'],
  `/${'a/'.repeat(3000)}`,
  `/${'x'.repeat(20_000)}`,
  `/?${'a=1&'.repeat(2000)}`,
];

const HOSTS = [
  ...['localhost', '127.0.0.1', '[::1]', 'localhost:7464', 'LOCALHOST.', 'printer.local'],
  ...[
    'evil.example',
    'localhost.evil.example',
    'evil.example:80',
    '',
    ' ',
    'a b',
    'user@localhost',
    '127.0.0.1/x',
  ],
  ...['[', '[::1', ']', 'localhost:99999', '%', '\u00e9', 'localhost, evil.example', 'x'.repeat(5000)],
];

const HEADERS = [
  ...[
    'Range: bytes=5-2',
    'Range: bytes=-1',
    'Range: bytes=0-0,2-3',
    'Range: bytes=99999999999999999999-',
    'Range: x',
  ],
  ...['Accept-Encoding: br', 'Accept-Encoding: gzip;q=0', `Accept-Encoding: ${'br,'.repeat(3000)}`],
  ...[
    'If-None-Match: *',
    'If-None-Match: "x"',
    'If-Modified-Since: never',
    'Expect: 100-continue',
    'Expect: x',
  ],
  ...[
    'Authorization: Bearer',
    'Authorization: Bearer x',
    'Authorization: Basic eDp4',
    `Authorization: ${'y'.repeat(9000)}`,
  ],
  ...['Origin: null', 'Origin: https://evil.example', 'Origin: http://localhost', 'Origin: :', 'Origin:'],
  ...[
    'Content-Length: 5',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
    'Content-Length: 5, 6',
  ],
  ...['Transfer-Encoding: chunked', 'Transfer-Encoding: gzip', 'Transfer-Encoding: chunked, x'],
  ...['Connection: close', 'Connection: keep-alive', 'Connection: Upgrade', 'Connection: Upgrade, close'],
  ...['Upgrade: websocket', 'Upgrade: h2c', 'Upgrade: ', 'HTTP2-Settings: x', 'Sec-WebSocket-Version: 13'],
  ...['Sec-WebSocket-Version: 99', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Key: x'],
  ...[
    'Sec-WebSocket-Extensions: permessage-deflate; x="',
    'Sec-WebSocket-Protocol: a,,b',
    '__proto__: x',
    ': x',
    'x',
  ],
  ...['Cookie: io=\u0000', 'X: \u0001', 'X:\tx', ' X: folded', `X: ${'z'.repeat(17_000)}`, 'Trailer: X'],
];

const BODIES = [
  ...[
    '',
    'hello',
    '{"a":',
    '0\r\n\r\n',
    '5\r\nhello\r\n0\r\n\r\n',
    '5;x=y\r\nhel',
    'ffffffffffffffff\r\nx',
    '-1\r\n\r\n',
  ],
  ...['zz\r\n', `5;${'e'.repeat(20_000)}\r\nhello\r\n`, '0\r\nX: y\r\n\r\n', 'x'.repeat(70_000)],
];

/**
 * One request as text, of any kind.
 * @param {Random} random
 * @param {{ admin: string }} options routes that the admin token opens may be asked for with it
 */
export function request(random, { admin }) {
  if (random() < 0.05) return authorized(random, admin);
  const version = pick(random, [
    'HTTP/1.1',
    'HTTP/1.1',
    'HTTP/1.1',
    'HTTP/1.1',
    'HTTP/1.0',
    'HTTP/2.0',
    'HTTP/9',
    '',
  ]);
  const line = `${pick(random, METHODS)} ${target(random)} ${version}`;
  const headers = Array.from({ length: Math.floor(6 * random() ** 2) }, () => pick(random, HEADERS));
  if (random() < 0.9) headers.unshift(`Host: ${random() < 0.6 ? 'localhost' : pick(random, HOSTS)}`);
  if (random() < 0.01) headers.push(...Array.from({ length: 3000 }, (_, i) => `X${i}: y`));
  const end = random() < 0.95 ? '\r\n' : pick(random, ['\n', '\r', '\n\r', '\r\n\r\n']);
  return latin([line, ...headers, '', random() < 0.3 ? pick(random, BODIES) : ''].join(end));
}

/**
 * Requests that the token opens and that change nothing.
 * @param {Random} random
 * @param {string} admin
 */
function authorized(random, admin) {
  const path = pick(random, ['/api/run', '/api/stream', '/api/model', '/metrics', '/admin/status']);
  return latin(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${admin}\r\n\r\n`);
}

/**
 * Bytes that are no request, or were one.
 * @param {Random} random
 * @param {{ admin: string }} options
 */
export function garbage(random, options) {
  const draw = random();
  if (draw < 0.3) return randomBytes(random, 4000);
  // A TLS handshake, where none is spoken.
  if (draw < 0.4) return new Uint8Array([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...randomBytes(random, 500)]);
  if (draw < 0.5) return latin('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  return mutated(random, request(random, options));
}

/**
 * A request to become a WebSocket: right but for one thing, or right.
 * @param {Random} random
 */
export function upgrade(random) {
  const path = random() < 0.7 ? '/socket.io/?EIO=4&transport=websocket' : target(random);
  const lines = [
    `Host: ${random() < 0.85 ? 'localhost' : pick(random, HOSTS)}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ];
  if (random() < 0.3) lines[Math.floor(lines.length * random())] = pick(random, HEADERS);
  if (random() < 0.2) lines.push(pick(random, HEADERS));
  return latin(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
}

const PACKETS = [
  ...[
    '40',
    '40/x,',
    '40{"token":1}',
    '41',
    '42["x"]',
    '42["error"]',
    '42["frame","text"]',
    '420["x"]',
    '42["__proto__"]',
  ],
  ...[
    '43[]',
    '4399999999999999999999[]',
    '430["x"]',
    '44{}',
    '451-["frame",{"_placeholder":true,"num":0}]',
    '46',
    '451-',
  ],
  ...[
    '4599999999-["frame"]',
    '451-["x",{"_placeholder":true,"num":7}]',
    '451-7["x",{"_placeholder":true,"num":0}]',
  ],
  ...[
    '0',
    '1',
    '2',
    '2probe',
    '3',
    '3probe',
    '4',
    '5',
    '6',
    '7',
    'b',
    '',
    '42',
    '42[',
    '42{}',
    '42[["x"]]',
    '42[1e999]',
  ],
  `42[${'['.repeat(3000)}`,
  `42["${'x'.repeat(10_000)}"]`,
];

/**
 * A frame of the WebSocket protocol: of the text and binary kinds that socket.io reads, or broken.
 * @param {Random} random
 */
export function webSocketFrame(random) {
  const draw = random();
  if (draw < 0.6) return framed(0x81, latin(pick(random, PACKETS)));
  if (draw < 0.7) return framed(0x82, randomBytes(random, 300));
  if (draw < 0.8) return framed(pick(random, [0x89, 0x8a, 0x88]), randomBytes(random, 100));
  if (draw < 0.9) return framed(pick(random, [0x01, 0x00, 0x80, 0xc1, 0x83, 0x8f]), randomBytes(random, 20));
  return pick(random, [
    // A length of eight exabytes, a text without a mask, a control frame that is too long, bytes of any kind.
    Uint8Array.of(0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0),
    Uint8Array.of(0x81, 2, 52, 48),
    framed(0x89, new Uint8Array(200)),
    randomBytes(random, 200),
  ]);
}

/**
 * Masked with zeros, which changes nothing.
 * @param {number} first
 * @param {Uint8Array} payload
 */
function framed(first, payload) {
  const { length } = payload;
  const size = length < 126 ? [0x80 | length] : [0xfe, length >> 8, length & 255];
  return new Uint8Array([first, ...size, 0, 0, 0, 0, ...payload]);
}

/** @param {Random} random */
function target(random) {
  const one = pick(random, TARGETS);
  return random() < 0.1 ? Buffer.from(mutated(random, latin(one))).toString('latin1') : one;
}

/** @param {string} text */
function latin(text) {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
