import type { IncomingMessage } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inputShape, parameterSpecs } from '@espalier/core';
import { PROTOCOL_VERSION } from '@espalier/core/protocol';
import { reportPage, type Invitation, type ReportRun, type RunSummary } from '@espalier/core/report';
import type { Coordinator } from '../coordinator/index.js';
import { RUN_FILES } from '../run-folder/index.js';
import { writeWhole } from '@espalier/disk';
import { apiRoutes, type Api } from './api-routes.js';
import type { EventTail } from './event-tail.js';
import type { ServeOptions } from './serve-options.js';
import { whenFree } from '@espalier/disk';

/** A run that is being served, as pages and its report see it. */
export interface LiveRun {
  readonly api: Api;
  /** Tells everybody who watches how it ended, and writes what the run folder keeps of it. @throws EspalierError `storage`. */
  ended(summary: RunSummary): Promise<void>;
}

/** Components of a live run. */
export interface LiveRunSources {
  readonly coordinator: Coordinator;
  readonly tail: EventTail;
  /** The run folder. */
  readonly folder: string;
  /** Rounds of the dense control, or null. */
  readonly control: ReportRun['control'];
  readonly isAdmin: (shown: string) => boolean;
}

/** The pages' view of a run, and its report at the end. */
export function liveRun(options: ServeOptions, sources: LiveRunSources): LiveRun {
  const { coordinator, tail, folder, control, isAdmin } = sources;
  let summary: RunSummary | null = null;
  const run = (): ReportRun => ({
    ...coordinator.watch(),
    ...(summary ? { phase: 'finished', bytes: summary.bytes } : {}),
    ...{ summary, control, events: tail.events },
  });
  const api = apiRoutes({
    invitation: invitationOf(options),
    run,
    bundle: () => coordinator.bundle(),
    controls: coordinator,
    mayWatch: (request) => isAdmin(bearer(request)),
  });
  return {
    api,
    ended: async (reached) => {
      summary = reached;
      await writeWhole(join(folder, RUN_FILES.clients), `${JSON.stringify(run().clients, null, 2)}\n`);
      if (options.web != null) await writeReport(options.web, folder, run());
      await api.close();
    },
  };
}

async function writeReport(web: string, folder: string, run: ReportRun): Promise<void> {
  const template = await whenFree(() => readFile(join(web, 'report.html'), 'utf8'));
  await writeWhole(join(folder, RUN_FILES.report), reportPage(template, run));
}

function bearer({ headers }: IncomingMessage): string {
  return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
}

function invitationOf({ job, graph, classes, open, testData }: ServeOptions): Invitation {
  const [height = 0, width = 0, channels = 0] = inputShape(graph);
  const { name, method, seed, numClients, rounds, localEpochs, batchSize, targetDensity } = job;
  const { data, partition, pretrain, evaluationFraction } = job;
  return {
    ...{ name, method, seed, numClients, rounds, localEpochs, batchSize, targetDensity, data, partition },
    ...{ graph, classes },
    protocolVersion: PROTOCOL_VERSION,
    parameters: parameterSpecs(graph).reduce((sum, { size }) => sum + size, 0),
    imageShape: [height, width, channels],
    serverSamplesPerClass: pretrain.samplesPerClass,
    evaluationFraction: testData === null ? evaluationFraction : 0,
    needsToken: !open,
  };
}
