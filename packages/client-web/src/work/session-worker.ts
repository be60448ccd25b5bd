/** The participant of a tab: protocol, heartbeats and figures. Training runs in a worker of its own below it. */
import { connectSocket, runClient, type ClientData, type RunningClient } from '@espalier/client';
import { datasetSize, splitFraction, subset, type Mask, type ModelGraph } from '@espalier/core';
import type { ClientJob, ClientOutcome } from '@espalier/core/protocol';
import { encodeBundle, modelHash } from '@espalier/proto';
import { maskPicture } from './mask-picture.js';
import type { SessionCommand, SessionPlan, SessionReport } from './session-messages.js';
import { SessionMeter } from './session-meter.js';
import { startTrainer } from './trainer-port.js';
import { watchLoads } from './watched-trainer.js';

/** Milliseconds between figures sent to the page. */
const TELL_EVERY = 250;

let running: RunningClient | null = null;

self.onmessage = ({ data: command }: MessageEvent<SessionCommand>) => {
  if (command.kind === 'leave') running?.stop('the person left');
  else running ??= start(command.plan);
};

function tell(report: SessionReport): void {
  self.postMessage(report);
}

const clock = (): number => performance.now() / 1000;

function start(plan: SessionPlan): RunningClient {
  let job: ClientJob | null = null;
  let scheduled = false;
  const meter = new SessionMeter(clock, () => {
    if (scheduled) return;
    scheduled = true;
    setTimeout(() => {
      scheduled = false;
      tell({ kind: 'figures', figures: meter.figures });
    }, TELL_EVERY);
  });
  const client = runClient({
    connect: async () => meter.watch(await connectSocket(plan.url)),
    loadData: (told) => {
      job = told;
      return Promise.resolve(ownData(told, plan));
    },
    makeTrainer: async () => {
      const trainer = await startTrainer(plan.trainer, (reason) => {
        tell({ kind: 'trainerLost', reason });
      });
      return watchLoads(trainer, (graph, mask) => {
        meter.set({ memoryBytes: trainer.footprint().peakBytes });
        if (mask) showMask(graph, mask);
      });
    },
    ...{
      token: plan.token,
      name: plan.name,
      part: plan.part,
      profile: plan.profile,
      identity: plan.identity,
    },
    schedule: (seconds, callback) => {
      const timer = setTimeout(callback, seconds * 1000);
      return () => {
        clearTimeout(timer);
      };
    },
    clock,
    onEvent: (event) => {
      meter.hear(event);
    },
    onIdentity: (identity) => {
      tell({ kind: 'identity', identity });
    },
  });
  void client.ended.then((outcome) => {
    tell({ kind: 'figures', figures: meter.figures });
    conclude(client, job, outcome);
  });
  return client;
}

/** Everything is for training but what the job wants held out. */
function ownData({ seed, evaluationFraction }: ClientJob, { data, part }: SessionPlan): ClientData {
  const key = { seed, purpose: 'evaluation', ...(part === null ? {} : { partition: part }) };
  const { first, rest } = splitFraction(datasetSize(data), evaluationFraction, key);
  if (first.length === 0) return { train: data, evaluation: null };
  return { train: subset(data, rest), evaluation: subset(data, first) };
}

let shown = '';

function showMask(graph: ModelGraph, mask: Mask): void {
  if (mask.hash === shown) return;
  shown = mask.hash;
  tell({ kind: 'mask', hash: mask.hash, layers: maskPicture(graph, mask) });
}

function conclude(client: RunningClient, job: ClientJob | null, outcome: ClientOutcome): void {
  const final = client.finalModel();
  if (!job || !final) {
    tell({ kind: 'ended', outcome, final: null });
    return;
  }
  const { graph, classes, normalization, name } = job;
  const { mask, params, moments } = final;
  const state = { params, moments };
  const hashes = { mask: mask.hash, model: modelHash(graph, mask, state) };
  const bundle = encodeBundle({ graph, mask, state, classes, normalization, metadata: { job: name } });
  tell({ kind: 'ended', outcome, final: { hashes, bundle } });
}
