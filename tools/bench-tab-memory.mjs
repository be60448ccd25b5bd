/**
 * `node tools/bench-tab-memory.mjs`: one tab takes part in a job of 30 rounds; prints what the whole tab holds, as the
 * browser measures it after a collection, what its process holds, and the trainer's plan beside it.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ensureChromium } from './chromium.mjs';
import { root } from './workspace.mjs';

const JOB = `
name: memory
seed: 4
method: fedtiny
model: { name: resnet20, width: 16 }
data: { kind: procedural, numClasses: 4, samplesPerClass: 40, testSamplesPerClass: 4 }
imageSize: 32
partition: { kind: iid }
numClients: 1
rounds: 30
localEpochs: 1
batchSize: 16
targetDensity: 0.1
pool: { size: 4 }
pruning: { interval: 2, stopRound: 30 }
pretrain: { epochs: 1, samplesPerClass: 2 }
`;

const folder = mkdtempSync(join(tmpdir(), 'espalier-memory-'));
writeFileSync(join(folder, 'job.yaml'), JOB);
const serve = spawn(process.execPath, [
  join(root, 'packages/cli/dist/main.js'),
  ...['serve', '--job', join(folder, 'job.yaml'), '--out', folder, '--port', '0', '--format', 'json'],
]);
const { url, joinToken } = await listening();
const browser = await chromium.launch({
  executablePath: ensureChromium(),
  // Measures at once instead of with the next collection.
  args: ['--no-sandbox', '--disable-gpu', '--enable-blink-features=ForceEagerMeasureMemory'],
});
const page = await browser.newPage();
await page.goto(`${url}/join?part=1#token=${joinToken}`);
await page.getByRole('button', { name: 'Take the procedural sample' }).click();
await page.getByText('This device can take part').waitFor({ timeout: 60_000 });
await page.getByRole('button', { name: 'Start' }).click();
for (const round of [2, 5, 10, 15, 20, 25, 30]) {
  await page.waitForFunction(
    (wanted) =>
      Number(/Round (\d+)/.exec(document.querySelector('[data-figure=round]')?.textContent ?? '')?.[1]) >=
      wanted,
    round,
    { timeout: 120_000 },
  );
  const bytes = await page.evaluate(async () => (await performance.measureUserAgentSpecificMemory()).bytes);
  const planned = await page.locator('dt:has-text("Memory in use") + dd').textContent();
  const tabMegabytes = Number((bytes / 1e6).toFixed(1));
  console.log(JSON.stringify({ round, tabMegabytes, rendererMegabytes: await residentMegabytes(), planned }));
}
await page.locator('[data-state=finished]').waitFor({ timeout: 60_000 });
await browser.close();
serve.kill();
rmSync(folder, { recursive: true, force: true });

/**
 * Memory of the page's process in megabytes, trainer and engine included; null on systems other than Linux.
 */
async function residentMegabytes() {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const renderers = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => `/proc/${id}/status`);
  const held = renderers
    .filter(existsSync)
    .map((file) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]));
  return held.length === 0 ? null : Number((Math.max(...held) / 1000).toFixed(1));
}

function listening() {
  return new Promise((resolve) => {
    let out = '';
    serve.stdout.on('data', (chunk) => {
      out += chunk;
      const line = /\{"listening".*\}/.exec(out);
      if (line) resolve(JSON.parse(line[0]).listening);
    });
  });
}
