import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launchChromium } from './chromium.js';
import { probeEngine, type EngineProbe } from './engine-probe.js';
import { servePage, type PageServer } from './page-server.js';

let browser: Browser;
let server: PageServer;
beforeAll(async () => {
  server = await servePage('engine-page.ts');
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

describe('core and the engine in Chromium', () => {
  it('draw, initialise and train to the same bits as in Node, under a strict policy', async () => {
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.waitForFunction("document.title !== 'running'");
    const { probe, error } = JSON.parse(await page.title()) as { probe?: EngineProbe; error?: string };
    expect(error).toBeUndefined();
    expect(probe).toEqual(await probeEngine());
  });
});
