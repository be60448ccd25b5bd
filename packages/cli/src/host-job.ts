import { createThreadTrainer, openModel, prepareServerData } from '@espalier/client-node';
import type { Job, ModelGraph } from '@espalier/core';
import type { NestedPool } from '@espalier/core/round';
import { serveJob, type ConnectionLimits, type ServedJob, type ServeOptions } from '@espalier/server';
import type { RunReport } from '@espalier/server/coordinator';
import { trainerOptions } from './trainer-options.js';
import { nodeClock, nodeSchedule } from './platform.js';
import { noteSkipped } from './data/note-skipped.js';
import type { Terminal } from './terminal.js';
import { webFolder } from './web-app.js';

/** A network that is handed in, with candidates for clients to choose among. */
export interface GivenNetwork {
  readonly graph: ModelGraph;
  readonly classes: readonly string[];
  readonly candidates: NestedPool;
}

/** Settings for hosting a job on this machine. */
export interface HostOptions {
  readonly job: Job;
  /** In place of the job's own network; the coordinator then reads no data at all. */
  readonly network?: GivenNetwork | null;
  /** Image folder of the coordinator's samples; null for data that needs none. */
  readonly folder: string | null;
  readonly host: string;
  readonly port: number;
  /** Folder in which the run folder is made. */
  readonly runs: string;
  /** A run folder to go on in, or null. */
  readonly resume: string | null;
  /** Run folder of the dense control, to be drawn beside the run; none unless given. */
  readonly control?: string | null;
  readonly keepUpdates: boolean;
  readonly open: boolean;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** As by default where nothing is given. */
  readonly limits?: Partial<ConnectionLimits>;
  readonly backend: string | null;
  /** Folder of decoded images; null keeps none. */
  readonly cache: string | null;
  readonly onReport: (report: RunReport) => void;
}

/** Reads the coordinator's own samples, starts its trainer in a worker, and listens. */
export async function hostJob(options: HostOptions, terminal: Terminal): Promise<ServedJob> {
  const { network = null } = options;
  const start = network === null ? await startOf(options, terminal) : { ...network, ...NO_DATA };
  const trainer = await createThreadTrainer(trainerOptions(options.backend ?? undefined, start.graph));
  try {
    const served = await serveJob({
      ...options,
      ...start,
      trainer,
      web: webFolder(),
      clock: nodeClock,
      schedule: nodeSchedule,
    });
    const disposed = served.ended.finally(() => trainer.dispose());
    // The caller awaits the same rejection; here it only must not count as unhandled.
    disposed.catch(() => undefined);
    return { ...served, ended: disposed };
  } catch (error) {
    await trainer.dispose();
    throw error;
  }
}

/** Model and data that a job starts from. */
type Start = Pick<ServeOptions, 'graph' | 'classes' | 'initial' | 'serverData' | 'testData' | 'candidates'>;

const NO_DATA = { initial: null, serverData: null, testData: null };

async function startOf(
  { job, folder, cache }: Pick<HostOptions, 'job' | 'folder' | 'cache'>,
  terminal: Terminal,
): Promise<Start> {
  const { server, test, classes, skipped, warnings } = await prepareServerData(job, folder, { cache });
  noteSkipped(skipped, terminal);
  for (const warning of warnings) terminal.note(warning);
  const { graph, initial } = await openModel(job, classes.length);
  return { graph, initial, classes, serverData: server, testData: test };
}
