/**
 * Times the loading of an image folder, first without and then from the decoded cache, each in a process of its own.
 * Build packages/client-node first.
 *   node tools/bench-data.mjs <folder> [--size <pixels>]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { size: { type: 'string', default: '32' }, cache: { type: 'string' } },
});
const [folder] = positionals;
if (folder === undefined) {
  console.error('give an image folder: node tools/bench-data.mjs <folder> [--size <pixels>]');
  process.exit(2);
}

/**
 * Loads everything once in this process and prints what it took.
 * @param {string} images the folder
 * @param {string} cache
 */
async function loadOnce(images, cache) {
  const { scanImageFolder, loadImages } = await import('../packages/client-node/dist/data/index.js');
  const size = Number(values.size);
  const idle = process.memoryUsage().rss;
  const before = process.cpuUsage();
  const start = performance.now();
  const { train, test, classes } = await scanImageFolder(images);
  const entries = [...train, ...(test ?? [])];
  const { dataset, broken } = await loadImages(entries, { imageShape: [size, size, 3], classes, cache });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  const decoded = dataset.images.length;
  const peak = process.resourceUsage().maxRSS * 1024;
  console.log(
    JSON.stringify({
      images: entries.length,
      broken: broken.length,
      seconds: Number(seconds.toFixed(2)),
      cpuSeconds: Number(((user + system) / 1e6).toFixed(2)),
      decodedMB: Math.round(decoded / 1e6),
      peakMB: Math.round(peak / 1e6),
      idleMB: Math.round(idle / 1e6),
      peakOverDecoded: Number((peak / decoded).toFixed(2)),
    }),
  );
}

if (values.cache !== undefined) await loadOnce(folder, values.cache);
else {
  const cache = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
  try {
    for (const name of ['first time', 'from cache']) {
      const args = [fileURLToPath(import.meta.url), folder, '--size', values.size, '--cache', cache];
      const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      console.log(`${name}: ${stdout.trim()}`);
    }
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}
