import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const USUAL = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * A Chromium for the browser tests: the one ESPALIER_CHROMIUM names, or one that is installed, or Debian's, installed
 * now where that is possible. Ends with the command to type where it is not.
 */
export function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    console.log('Installing Chromium …');
    /** @type {import('node:child_process').SpawnSyncOptions} */
    const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };
    spawnSync('apt-get', ['update', '-qq'], quiet);
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], quiet);
    const installed = findChromium();
    if (installed) return installed;
  }
  console.error(
    'The browser tests need a Chromium and found none. Install one (Debian: sudo apt-get install -y chromium), or set ESPALIER_CHROMIUM to its path.',
  );
  process.exit(2);
}

function findChromium() {
  const named = process.env.ESPALIER_CHROMIUM;
  if (named && existsSync(named)) return named;
  return NAMES.map(onPath).find(Boolean) ?? USUAL.find((path) => existsSync(path)) ?? null;
}

/** @param {string} name */
function onPath(name) {
  try {
    const finder = process.platform === 'win32' ? 'where' : 'which';
    return (
      execFileSync(finder, [name], { stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .split('\n')[0]
        ?.trim() || null
    );
  } catch {
    return null;
  }
}
