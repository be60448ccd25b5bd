import { relative } from 'node:path';
import type { CompressOptions, CostTarget } from '@espalier/core/compression';
import type { ReportBlock, ReportDocument } from '@espalier/core/report';
import type { WrittenFile } from '@espalier/client-node';
import { amount, bytes, percent } from '../terminal.js';
import type { ClientsReport } from './ask-clients.js';
import type { NetworkFigures, Proof } from './proof.js';

/** Everything a compression leaves behind, as `report.json`. */
export interface CompressionReport extends Proof {
  readonly command: string;
  /** Folder of the files. */
  readonly folder: string;
  readonly model: string;
  readonly options: Omit<CompressOptions, 'seed'> & { readonly seed: number };
  readonly originalBytes: number;
  readonly files: readonly WrittenFile[];
  /** Seconds of the compression alone, without measuring. */
  readonly seconds: number;
  readonly versions: readonly string[];
  /** Facts about the clients that were asked, and their answers; null when none were asked. */
  readonly clients: ClientsReport | null;
}

/** The same for the report page. */
export function compressionDocument(report: CompressionReport): ReportDocument {
  const { before, after, agreement, options, files, command, versions } = report;
  return {
    kind: 'document',
    title: `${report.model}, compressed`,
    lead: `Data access: ${options.access}. ${sentence(report)}`,
    sections: [
      { heading: 'In short', blocks: [{ kind: 'figures', figures: shortFigures(report) }] },
      { heading: 'Before and after', blocks: [sizes(before, after), times(report)] },
      {
        heading: 'Does it still say the same?',
        blocks: [
          {
            kind: 'text',
            text:
              `On ${agreement.images} synthetic images the compressed network names the same class as the original for ` +
              `${percent(agreement.argmax)}; the divergence of its probabilities is ${agreement.divergence.toFixed(4)} nats. ` +
              `Rewriting alone changes ${rewriting(report.rewritingError)} on noise. ` +
              'Synthetic images are not your data: accuracy can only be measured on those.',
          },
        ],
      },
      ...(report.clients ? [{ heading: 'What clients said', blocks: clientBlocks(report.clients) }] : []),
      { heading: 'Layers', blocks: [layerChart(report), layerTable(report)] },
      {
        heading: 'Files',
        blocks: [
          {
            kind: 'table',
            columns: [
              { label: 'form' },
              { label: 'file' },
              { label: 'bytes', align: 'right' },
              { label: 'of the original in float32', align: 'right' },
            ],
            rows: files.map(({ format, path, bytes: size }) => [
              format,
              relative(report.folder, path),
              grouped(size),
              percent(size / report.originalBytes),
            ]),
          },
        ],
      },
      {
        heading: 'How it was made',
        blocks: [
          { kind: 'code', text: command.replaceAll(' --', ' \\\n  --') },
          { kind: 'text', text: versions.join(' · ') },
        ],
      },
    ],
  };
}

function sentence({ options: { channels, weights, rounding, repair } }: CompressionReport): string {
  const parts = [
    channels ? `Channels removed to ${targetText(channels.target)}, by ${channels.criterion}.` : '',
    weights
      ? `Weights removed to density ${weights.density}, by ${weights.criterion} and ${weights.allocation}.`
      : '',
    rounding ? `Rounded to ${rounding.bits} bits, ${rounding.quantizer}.` : '',
  ].filter((part) => part !== '');
  return `${parts.length > 0 ? parts.join(' ') : 'Nothing removed.'} Repair: ${repair}.`;
}

function targetText({ kind, value }: CostTarget): string {
  return value <= 1 ? `${percent(value)} of the ${kind}` : `${grouped(value)} ${kind}`;
}

/** A whole number in groups of three. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

function shortFigures({ before, after, originalBytes, files, latency, agreement }: CompressionReport) {
  const bundle = files.find(({ format }) => format === 'bundle');
  return [
    {
      label: 'Bundle',
      value: bundle ? bytes(bundle.bytes) : '–',
      hint: bundle ? `${percent(bundle.bytes / originalBytes)} of the original in float32` : 'not written',
    },
    { label: 'Parameters', value: amount(after.active), hint: `of ${amount(before.parameters)}` },
    { label: 'MACs an image', value: amount(after.macs), hint: `of ${amount(before.macs)}` },
    ...latency.map(({ backend, ratio, after: time }) => ({
      label: backend,
      value: `${(1 / ratio).toFixed(2)}×`,
      hint: `${time.toFixed(2)} ms an image`,
    })),
    { label: 'Same class', value: percent(agreement.argmax), hint: 'as the original, on synthetic images' },
  ];
}

function rewriting(error: number): string {
  return error === 0 ? 'no logit' : `no logit by more than ${error.toExponential(1)}`;
}

function sizes(before: NetworkFigures, after: NetworkFigures): ReportBlock {
  const row = (label: string, key: keyof NetworkFigures) => [
    label,
    grouped(before[key]),
    grouped(after[key]),
    percent(after[key] / before[key]),
  ];
  return {
    kind: 'table',
    columns: [
      { label: '' },
      ...['before', 'after', 'left'].map((label) => ({ label, align: 'right' as const })),
    ],
    rows: [
      row('parameters', 'parameters'),
      row('parameters that are not 0', 'active'),
      row('multiply-accumulates an image', 'macs'),
      row('bytes, dense float32', 'denseBytes'),
    ],
  };
}

function times({ latency }: CompressionReport): ReportBlock {
  if (latency.length === 0) return { kind: 'text', text: 'Latency was not measured.' };
  return {
    kind: 'table',
    caption: 'Milliseconds an image, forward; both networks in turn, the median round of each',
    columns: [
      { label: 'back end' },
      ...['before', 'after', 'after ÷ before'].map((label) => ({ label, align: 'right' as const })),
    ],
    rows: latency.map(({ backend, before, after, ratio }) => [
      backend,
      before.toFixed(3),
      after.toFixed(3),
      ratio.toFixed(2),
    ]),
  };
}

function layerChart({ layers }: CompressionReport): ReportBlock {
  return {
    kind: 'chart',
    caption: 'Share of each layer\u2019s weights that is left',
    height: 320,
    option: {
      tooltip: { trigger: 'axis' },
      grid: { left: 8, right: 16, top: 12, bottom: 8, containLabel: true },
      xAxis: {
        type: 'category',
        data: layers.map(({ name }) => name.replace('/kernel', '')),
        axisLabel: { rotate: 60 },
      },
      yAxis: { type: 'value', max: 1, min: 0 },
      series: [
        { type: 'bar', data: layers.map(({ active, weights }) => Number((active / weights).toFixed(4))) },
      ],
    },
  };
}

function layerTable({ layers }: CompressionReport): ReportBlock {
  return {
    kind: 'table',
    columns: [
      { label: 'layer' },
      { label: 'before' },
      { label: 'after' },
      { label: 'weights left', align: 'right' },
      { label: 'share', align: 'right' },
    ],
    rows: layers.map(({ name, before, after, active, weights }) => [
      name,
      before.join('×'),
      after.join('×'),
      grouped(active),
      percent(active / weights),
    ]),
  };
}

function clientBlocks({ clients, samples, candidates, chosen, accuracy, bytes: moved }: ClientsReport) {
  const held =
    accuracy === null ? '' : ` On images that they held out the outcome is right for ${percent(accuracy)}.`;
  return [
    {
      kind: 'text' as const,
      text:
        `${clients} clients with ${samples} training images sent batch-norm means and variances of every candidate, then ` +
        `its loss under the merged statistics: ${bytes(moved.up)} in all, joining included. Nobody trained.${held}`,
    },
    {
      kind: 'table' as const,
      caption: 'Candidates under the merged statistics, on the clients\u2019 training images',
      columns: [
        { label: 'candidate' },
        ...['density', 'loss', 'right'].map((label) => ({ label, align: 'right' as const })),
        { label: '' },
      ],
      rows: candidates.map(({ name, density, loss, accuracy: right }, i) => [
        name,
        percent(density),
        loss.toFixed(3),
        percent(right),
        i === chosen ? 'chosen' : '',
      ]),
    },
  ];
}
