import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import {
  createNodeTrainer,
  makeNewFolder,
  refuseExisting,
  modelFormats,
  readModelFile,
  writeModel,
  type ModelFormat,
} from '@espalier/client-node';
import {
  buildModel,
  checkOptions,
  compressModel,
  COST_KINDS,
  costOf,
  entryNamed,
  EspalierError,
  reportPage,
  type CompressOptions,
  type CostTarget,
  type DataAccess,
  type ModelGraph,
  type ValueCoding,
} from '@espalier/core';
import type { ModelBundle } from '@espalier/proto';
import { compressionDocument, type CompressionReport } from '../compress/compression-report.js';
import { proveCompression } from '../compress/proof.js';
import { reportTemplate } from '../report-template.js';
import { bytes, percent, type OutputFormat, type Terminal } from '../terminal.js';
import { version } from '../version.js';

/** Flags of `espalier compress`. */
export interface CompressFlags {
  readonly model: string;
  readonly out: string;
  readonly access: DataAccess;
  /** `kind=value` of what is to be left of the channels. */
  readonly target?: string;
  readonly spread: 'uniform' | 'global';
  readonly density?: number;
  readonly criterion: string;
  readonly allocation: string;
  readonly layerFloor: number;
  readonly iterations: number;
  readonly repair: string;
  readonly bits?: number;
  readonly quantizer: string;
  /** Values of the bundle; follows from `bits` unless told. */
  readonly values?: 'float32' | 'float16' | 'int8' | 'int4';
  readonly to: string;
  readonly samples: number;
  readonly seed: number;
  /** Off: no times. */
  readonly latency: boolean;
  readonly zoo?: string;
  readonly width?: number;
  readonly input: string;
  readonly classes: number;
  readonly format: OutputFormat;
}

/** How times are measured. */
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
  const start = performance.now();
  const output = await withTrainer(options, (trainer) => compressModel(input, options, trainer));
  const seconds = (performance.now() - start) / 1000;
  await makeNewFolder(flags.out);
  const { graph, state, mask } = output;
  const metadata = { ...model.metadata, compressed: describe(options) };
  const files = await writeModel(flags.out, { ...model, graph, state, mask, metadata }, { formats, coding });
  terminal.note(`compressed in ${seconds.toFixed(1)} s; measuring …`);
  const proof = await proveCompression({ ...input, mask: maskOf(model) }, output, {
    ...options,
    latency: flags.latency ? LATENCY : null,
  });
  const report: CompressionReport = {
    ...proof,
    command: commandOf(flags, options),
    model: model.graph.name,
    options,
    originalBytes: costOf(model.graph, 'bytes'),
    files,
    seconds,
    versions: [
      `espalier ${version}`,
      `Node ${process.versions.node}`,
      cpus()[0]?.model ?? 'unknown processor',
    ],
    clients: null,
  };
  await writeReport(flags.out, report);
  terminal.out(flags.format === 'json' ? JSON.stringify(report) : summary(report));
}

async function withTrainer<T>(
  options: CompressOptions,
  work: (trainer: Awaited<ReturnType<typeof createNodeTrainer>> | null) => Promise<T>,
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

function optionsOf(flags: CompressFlags): CompressOptions {
  const { access, repair, samples, seed, spread, criterion } = flags;
  const channels = flags.target === undefined ? null : { target: targetOf(flags.target), spread, criterion };
  const { density, allocation, layerFloor, iterations } = flags;
  const weights = density === undefined ? null : { density, criterion, allocation, layerFloor, iterations };
  const rounding = flags.bits === undefined ? null : { bits: flags.bits, quantizer: flags.quantizer };
  if (!channels && !weights && !rounding) {
    throw new EspalierError(
      'invalid_argument',
      'there is nothing to do: give --target <kind>=<share> for channels, --density <share> for weights, or --bits <n>',
    );
  }
  return { access, channels, weights, rounding, repair, samples, seed };
}

/** `macs=0.5` → half of the multiply-accumulates. */
function targetOf(text: string): CostTarget {
  const [word = '', number = ''] = text.split('=');
  const kind = COST_KINDS.find((one) => one === word);
  const value = Number(number);
  if (kind !== undefined && number !== '' && value > 0 && Number.isFinite(value)) return { kind, value };
  throw new EspalierError(
    'invalid_argument',
    `the target ${text} is not <kind>=<what is to be left>; kinds are ${COST_KINDS.join(', ')}, shares lie above 0 and at most 1`,
  );
}

function formatsOf(text: string): readonly ModelFormat[] {
  return text.split(',').map((name) => entryNamed(modelFormats, name.trim(), 'form'));
}

function codingOf({ values, bits, quantizer }: CompressFlags): ValueCoding {
  if (values === 'float32' || values === 'float16') return { kind: values };
  if (values !== undefined) return { kind: 'levels', quantizer: 'uniform', bits: values === 'int8' ? 8 : 4 };
  return bits === undefined ? { kind: 'float32' } : { kind: 'levels', quantizer, bits };
}

function zooGraph({ zoo, width, input, classes }: CompressFlags): ModelGraph | null {
  if (zoo === undefined) return null;
  const [height = 0, across = 0, channels = 0] = input.split('x').map(Number);
  return buildModel({ name: zoo, width: width ?? null }, [height, across, channels], classes);
}

function describe({ access, channels, weights, rounding, repair }: CompressOptions): string {
  return JSON.stringify({ access, channels, weights, rounding, repair });
}

function commandOf({ model, out, to }: CompressFlags, options: CompressOptions): string {
  const { access, channels, weights, rounding, repair, samples, seed } = options;
  const parts = [
    `espalier compress --model ${model} --out ${out} --access ${access} --repair ${repair}`,
    channels
      ? `--target ${channels.target.kind}=${channels.target.value} --spread ${channels.spread} --criterion ${channels.criterion}`
      : '',
    weights
      ? `--density ${weights.density} --criterion ${weights.criterion} --allocation ${weights.allocation}` +
        ` --layer-floor ${weights.layerFloor} --iterations ${weights.iterations}`
      : '',
    rounding ? `--bits ${rounding.bits} --quantizer ${rounding.quantizer}` : '',
    `--to ${to} --samples ${samples} --seed ${seed}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

async function writeReport(folder: string, report: CompressionReport): Promise<void> {
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  const template = await reportTemplate();
  if (template !== null)
    await writeFile(join(folder, 'report.html'), reportPage(template, compressionDocument(report)));
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
}: CompressionReport): string {
  const lines = [
    `parameters  ${after.active} of ${before.parameters} (${percent(after.active / before.parameters)})`,
    `MACs        ${after.macs} of ${before.macs} (${percent(after.macs / before.macs)})`,
    ...latency.map(
      ({ backend, before: old, after: now, ratio }) =>
        `${backend.padEnd(11)} ${old.toFixed(3)} → ${now.toFixed(3)} ms an image (× ${ratio.toFixed(2)})`,
    ),
    `same class  ${percent(agreement.argmax)} of ${agreement.images} synthetic images; rewriting error ${rewritingError.toExponential(1)}`,
    `took        ${seconds.toFixed(1)} s`,
    ...files.map(({ path, bytes: size }) => `${path}  ${bytes(size)} (${percent(size / originalBytes)})`),
  ];
  return lines.join('\n');
}
