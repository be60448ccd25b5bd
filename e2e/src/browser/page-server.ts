import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';

/** A page on loopback that runs one bundled module under a strict policy. */
export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/** Bundles a module of this folder for the browser and serves a page with it. */
export async function servePage(module: string): Promise<PageServer> {
  const bundled = await build({
    entryPoints: [join(__dirname, module)],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    minify: true,
  });
  const script = bundled.outputFiles[0]?.text ?? '';
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
    });
    response.end(
      isScript
        ? script
        : '<!doctype html><title>running</title><script type="module" src="/page.js"></script>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) =>
        server.close(() => {
          resolve();
        }),
      ),
  };
}
