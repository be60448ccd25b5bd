import { chromium, type Browser } from 'playwright-core';

/** A headless Chromium that talks only to the page under test. Its path is set by the test set-up. */
export function launchChromium(): Promise<Browser> {
  const executablePath = process.env['ESPALIER_CHROMIUM'];
  if (!executablePath)
    throw new Error('ESPALIER_CHROMIUM names no browser: run npm test, which finds or installs one');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
