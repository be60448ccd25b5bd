import type { IncomingMessage, ServerResponse } from 'node:http';
import sirv from 'sirv';
import { secure } from './security-headers.js';

/** Answers a request, or hands it on. */
export type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/**
 * The pages in that folder: `/` is `index.html`, `/join` is `join.html`. Compressed forms that lie beside a file are
 * sent to those who take them; what has its hash in its name may be kept for good.
 */
export function pageHandler(folder: string): Handler {
  const serve = sirv(folder, {
    etag: true,
    gzip: true,
    brotli: true,
    extensions: ['html'],
    setHeaders: (response, path) => {
      secure(response);
      const hashed = path.startsWith('/assets/');
      response.setHeader('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  return (request, response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') serve(request, response, next);
    else next();
  };
}
