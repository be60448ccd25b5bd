import { cpus } from 'node:os';
import { join } from 'node:path';
import {
  createNodeTrainer,
  makeNewFolder,
  refuseExisting,
  readModelFile,
  writeModel,
} from '@espalier/client-node';
import { buildModel, type ModelGraph, type Trainer } from '@espalier/core';
import {
  checkOptions,
  compressionCandidates,
  compressModel,
  costOf,
  type CompressedNetwork,
  type CompressOptions,
} from '@espalier/core/compression';
import { reportPage } from '@espalier/core/report';
import type { ModelBundle } from '@espalier/proto';
import { askClients, selectionJob, type ClientsReport } from '../compress/ask-clients.js';
import {
  allocationsOf,
  codingOf,
  commandOf,
  describeOptions,
  formatsOf,
  optionsOf,
  type CompressFlags,
} from '../compress/compress-flags.js';
import { compressionDocument, type CompressionReport } from '../compress/compression-report.js';
import { proveCompression } from '../compress/proof.js';
import { reportTemplate } from '../report-template.js';
import { jobOf } from '../run-options.js';
import { bytes, percent, type Terminal } from '../terminal.js';
import { version } from '../version.js';
import { writeWhole } from '@espalier/disk';

/** Settings of timing measurements. */
const LATENCY = { batch: 32, rounds: 5, seconds: 4 };

/** Compresses a model without data beyond the access granted, and writes it with the proof beside it. */
export async function compress(flags: CompressFlags, terminal: Terminal): Promise<void> {
  const options = optionsOf(flags);
  checkOptions(options);
  const formats = formatsOf(flags.to);
  const coding = codingOf(flags);
  await refuseExisting(flags.out);
  const model = await readModelFile(flags.model, zooGraph(flags));
  const input = { graph: model.graph, state: model.state, normalization: model.normalization };
  const outcome = await (flags.with === undefined ? alone : withClients)(flags, { model, options }, terminal);
  const { graph, state, mask } = outcome.output;
  const metadata = { ...model.metadata, compressed: describeOptions(outcome.options) };
  const files = await writeModel(flags.out, { ...model, graph, state, mask, metadata }, { formats, coding });
  terminal.note(`compressed in ${outcome.seconds.toFixed(1)} s; measuring …`);
  const proof = await proveCompression({ ...input, mask: maskOf(model) }, outcome.output, {
    ...options,
    latency: flags.latency ? LATENCY : null,
  });
  const report: CompressionReport = {
    ...proof,
    command: commandOf(flags, options),
    folder: flags.out,
    model: model.graph.name,
    options: outcome.options,
    originalBytes: costOf(model.graph, 'bytes'),
    files,
    seconds: outcome.seconds,
    versions: [
      `espalier ${version}`,
      `Node ${process.versions.node}`,
      cpus()[0]?.model ?? 'unknown processor',
    ],
    clients: outcome.clients,
  };
  await writeReport(flags.out, report);
  terminal.out(flags.format === 'json' ? JSON.stringify(report) : summary(report));
}

/** A compressed network and how it came about. */
interface Outcome {
  readonly output: CompressedNetwork;
  /** As done: with the allocation that clients chose. */
  readonly options: CompressOptions;
  /** Seconds of the compression, without waiting for clients. */
  readonly seconds: number;
  readonly clients: ClientsReport | null;
}

interface Task {
  readonly model: ModelBundle;
  readonly options: CompressOptions;
}

async function alone(flags: CompressFlags, { model, options }: Task): Promise<Outcome> {
  const { result, seconds } = await timed(options, (trainer) => compressModel(model, options, trainer));
  await makeNewFolder(flags.out);
  return { output: result, options, seconds, clients: null };
}

async function withClients(
  flags: CompressFlags,
  { model, options }: Task,
  terminal: Terminal,
): Promise<Outcome> {
  const given = await jobOf({ job: flags.with ?? '', set: flags.set });
  const allocations = allocationsOf(flags);
  const { result: candidates, seconds } = await timed(options, (trainer) =>
    compressionCandidates(model, { ...options, allocations }, trainer),
  );
  const job = selectionJob(given, { ...model, file: flags.model }, candidates);
  // Its run folder makes the folder, once somebody can come in: a port that is taken leaves nothing behind.
  const { output, report } = await askClients(flags, { job, model, candidates }, terminal);
  const { weights } = options;
  const allocation = allocations[report.chosen] ?? '';
  return {
    output,
    options: weights === null ? options : { ...options, weights: { ...weights, allocation } },
    seconds,
    clients: report,
  };
}

async function timed<T>(
  options: CompressOptions,
  work: (trainer: Trainer | null) => Promise<T>,
): Promise<{ readonly result: T; readonly seconds: number }> {
  const start = performance.now();
  const result = await withTrainer(options, work);
  return { result, seconds: (performance.now() - start) / 1000 };
}

async function withTrainer<T>(
  options: CompressOptions,
  work: (trainer: Trainer | null) => Promise<T>,
): Promise<T> {
  // Only plug-ins of this access measure anything.
  if (options.access === 'none') return work(null);
  const trainer = await createNodeTrainer();
  try {
    return await work(trainer);
  } finally {
    await trainer.dispose();
  }
}

function maskOf({ mask }: ModelBundle): ModelBundle['mask'] | null {
  return mask.density < 1 ? mask : null;
}

function zooGraph({ zoo, width, input, classes }: CompressFlags): ModelGraph | null {
  if (zoo === undefined) return null;
  const [height = 0, across = 0, channels = 0] = input.split('x').map(Number);
  return buildModel({ name: zoo, width: width ?? null }, [height, across, channels], classes);
}

async function writeReport(folder: string, report: CompressionReport): Promise<void> {
  await writeWhole(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  const template = await reportTemplate();
  if (template !== null)
    await writeWhole(join(folder, 'report.html'), reportPage(template, compressionDocument(report)));
}

function summary({
  before,
  after,
  agreement,
  latency,
  files,
  originalBytes,
  seconds,
  rewritingError,
  clients,
}: CompressionReport): string {
  const lines = [
    `parameters  ${after.active} of ${before.parameters} (${percent(after.active / before.parameters)})`,
    `MACs        ${after.macs} of ${before.macs} (${percent(after.macs / before.macs)})`,
    ...latency.map(
      ({ backend, before: old, after: now, ratio }) =>
        `${backend.padEnd(11)} ${old.toFixed(3)} → ${now.toFixed(3)} ms an image (× ${ratio.toFixed(2)})`,
    ),
    `same class  ${percent(agreement.argmax)} of ${agreement.images} synthetic images; rewriting error ${rewritingError.toExponential(1)}`,
    ...(clients ? clientLines(clients) : []),
    `took        ${seconds.toFixed(1)} s`,
    ...files.map(({ path, bytes: size }) => `${path}  ${bytes(size)} (${percent(size / originalBytes)})`),
  ];
  return lines.join('\n');
}

function clientLines({ clients, samples, candidates, chosen, accuracy, bytes: moved }: ClientsReport) {
  const judged = candidates.map(
    ({ name, loss, accuracy: right }, i) =>
      `${i === chosen ? '→' : ' '} ${name}: loss ${loss.toFixed(3)}, ${percent(right)} right`,
  );
  return [
    `clients     ${clients} with ${samples} images, ${bytes(moved.up)} received of them, ${bytes(moved.down)} sent`,
    ...judged.map((line) => `            ${line}`),
    ...(accuracy === null ? [] : [`            ${percent(accuracy)} right on images that they held out`]),
  ];
}
