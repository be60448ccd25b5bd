import { afterAll, beforeAll } from '@jest/globals';
import { createRemoteTrainer, type ThreadMessage, type TrainerPort } from '@espalier/client/remote';
import type { Trainer } from '@espalier/core';
import { trainerContract } from '@espalier/core/testing';
import { chromium, type Browser, type Page } from 'playwright-core';
import { servePage, type PageServer } from './page-server.js';
import { fromText, toText } from './plain-wire.js';

let browser: Browser;
let page: Page;
let server: PageServer;
const listeners = new Map<number, (message: ThreadMessage) => void>();
let trainers = 0;

beforeAll(async () => {
  server = await servePage('webgpu-page.ts');
  browser = await chromium.launch({
    executablePath: process.env['ESPALIER_CHROMIUM'] ?? '',
    // Chromium's software adapter: the same everywhere, and slow.
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--enable-features=Vulkan',
    ],
  });
  page = await browser.newPage();
  await page.exposeFunction('tell', (id: number, text: string) => {
    listeners.get(id)?.(fromText(text) as ThreadMessage);
  });
  await page.goto(server.url);
  await page.waitForFunction("document.title === 'ready'");
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

/** A trainer in the page, asked over the browser's own wire. */
async function webgpuTrainer(): Promise<Trainer> {
  const id = trainers++;
  const port: TrainerPort = {
    post: (message) => {
      // A shared flag does not cross; the message that ends a training does.
      const plain = message.kind === 'call' && message.call.name === 'train' ? withoutFlag(message) : message;
      void page.evaluate(
        ([to, text]) => {
          take(to, text);
        },
        [id, toText(plain)] as const,
      );
    },
    listen: (onMessage) => {
      listeners.set(id, onMessage);
    },
    terminate: () => {
      listeners.delete(id);
      return Promise.resolve();
    },
  };
  const made = createRemoteTrainer(port);
  await page.evaluate((to) => openTrainer(to), id);
  return made;
}

type Message = Parameters<TrainerPort['post']>[0];

function withoutFlag(message: Message): Message {
  if (message.kind !== 'call' || message.call.name !== 'train') return message;
  return { ...message, call: { ...message.call, abort: null } };
}

trainerContract('tfjs-webgpu on a software adapter', webgpuTrainer, { tolerance: 1e-4 });
