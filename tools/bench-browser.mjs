/**
 * `node tools/bench-browser.mjs [rounds]`: the engine in Chromium (the bench page of client-web) and in Node, in turn on
 * the same networks, one thread each. Prints a JSON line per density with both and their ratio.
 */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { chromium } from 'playwright-core';
import sirv from 'sirv';
import { ensureChromium } from './chromium.mjs';
import { portOf } from './processes.mjs';
import { root } from './workspace.mjs';

const ROUNDS = Number(process.argv[2] ?? 3);
const [MODEL, WIDTH, SIZE, BATCH] = ['resnet18', 16, 32, 32];

const pages = sirv(join(root, 'packages/client-web/dist/app'), { extensions: ['html'] });
const server = createServer((request, response) => {
  pages(request, response, () => {
    response.writeHead(404).end();
  });
});
await new Promise((resolve) => {
  server.listen(0, '127.0.0.1', () => {
    resolve(undefined);
  });
});
const base = `http://127.0.0.1:${portOf(server)}`;
const browser = await chromium.launch({
  executablePath: ensureChromium(),
  args: ['--no-sandbox', '--disable-gpu'],
});
for (const density of [0.01, 0.05, 0.1, 1]) {
  const best = { browser: Infinity, node: Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    best.browser = Math.min(best.browser, await inBrowser(density));
    best.node = Math.min(best.node, await inNode(density));
  }
  const ratio = best.node / best.browser;
  console.log(
    JSON.stringify({ density, msPerImageTrained: best, browserSpeedOfNode: Number(ratio.toFixed(2)) }),
  );
}
await browser.close();
server.close();

/**
 * Milliseconds an image trained, in a fresh page.
 * @param {number} density
 */
async function inBrowser(density) {
  const page = await browser.newPage();
  await page.goto(
    `${base}/bench?model=${MODEL}&width=${WIDTH}&size=${SIZE}&batch=${BATCH}&density=${density}`,
  );
  await page.locator('[data-state=done]').waitFor({ timeout: 300_000 });
  /** @type {{ msPerImage: { train: number } }} */
  const { msPerImage } = JSON.parse(await page.locator('[data-figure=result]').innerText());
  await page.close();
  return msPerImage.train;
}

/**
 * The same in a fresh worker of Node.
 * @param {number} density
 * @returns {Promise<number>}
 */
function inNode(density) {
  const code = `
    import { parentPort } from 'node:worker_threads';
    const { buildModel } = await import('@espalier/core');
    const { benchEngine, createSparseTrainer } = await import('@espalier/engine');
    const graph = buildModel({ name: '${MODEL}', width: ${WIDTH} }, [${SIZE}, ${SIZE}, 3], 10);
    const engine = await createSparseTrainer();
    const { msPerImage } = await benchEngine({ graph, density: ${density}, batch: ${BATCH}, engine, clock: () => performance.now() });
    parentPort.postMessage(msPerImage.train);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(resolved(code))}`));
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/**
 * A data URL resolves no package names, so they become file URLs.
 * @param {string} code
 */
function resolved(code) {
  return code.replaceAll(
    /'(@espalier\/[a-z]+)'/g,
    (_, /** @type {string} */ name) => `'${import.meta.resolve(name)}'`,
  );
}
