import { costDifferences, type CostDifferences, type Method, type ReportBlock } from '@espalier/core';
import { roundBytes, type CellResult } from '../cell-result.js';
import { spreadOf, type ResultGroup } from '../statistics.js';
import { unitFor } from '../units.js';

const COST_TEXT =
  "Measured: bytes of every frame of the rounds both ways, multiply-accumulates that the trainers executed, the trainers' peak memory. Analytic: the authors' cost model (FedRTS, Huang et al. 2025, appendix), where every client that answers gets and sends the model with its indices each round, a backward pass counts as two forward passes, and memory is weights, gradients and the optimiser's slots without activations. Joining, selection and the final model are in neither.";

/** Measured and analytic costs agree where they differ by no more than that share. */
export const COST_TOLERANCE = 0.03;

/** Means over seeds of a cost, measured and by the model; null where nobody knows. */
export interface CostPair {
  readonly measured: number;
  readonly analytic: number;
}

/** A row's costs, measured and by the model. */
export interface GroupCosts {
  readonly bytes: CostPair | null;
  readonly macs: CostPair | null;
  readonly memory: CostPair | null;
}

/** What the rounds of these runs cost. */
export function groupCosts({ results }: Pick<ResultGroup, 'results'>): GroupCosts {
  const pair = (
    measured: (result: CellResult) => number | null,
    analytic: (result: CellResult) => number | null,
  ): CostPair | null => {
    const known = results.filter((result) => measured(result) !== null && analytic(result) !== null);
    const [a, b] = [spreadOf(known.map(measured)), spreadOf(known.map(analytic))];
    return a && b ? { measured: a.mean, analytic: b.mean } : null;
  };
  return {
    bytes: pair(roundBytes, ({ analytic }) => analytic?.bytes ?? null),
    macs: pair(
      ({ macs }) => macs,
      ({ analytic }) => analytic?.macs ?? null,
    ),
    memory: pair(
      ({ peakBytes }) => peakBytes,
      ({ analytic }) => analytic?.memory ?? null,
    ),
  };
}

/** True where the model and the measurement say the same, or there is nothing to compare. */
export function costsAgree(pair: CostPair | null): boolean {
  return pair === null || Math.abs(pair.measured / pair.analytic - 1) <= COST_TOLERANCE;
}

/** The table of costs, and why rows differ where they do. */
export function costBlocks(
  groups: readonly ResultGroup[],
  methods: ReadonlyMap<string, Method>,
): readonly ReportBlock[] {
  const rows = groups.map((group) => ({ group, costs: groupCosts(group) }));
  const known = rows.filter(({ costs }) => costs.bytes ?? costs.macs);
  if (known.length === 0) return [];
  const reasons = reasonRows(known, methods);
  return [
    { kind: 'text', text: COST_TEXT },
    costTable(known),
    ...(reasons.length === 0 ? [] : [reasonTable(reasons)]),
  ];
}

interface CostRow {
  readonly group: ResultGroup;
  readonly costs: GroupCosts;
}

function costTable(rows: readonly CostRow[]): ReportBlock {
  const macUnit = unitFor(
    'MACs',
    rows.map(({ costs }) => costs.macs?.analytic ?? 0),
  );
  const byteUnit = unitFor(
    'B',
    rows.map(({ costs }) => costs.bytes?.analytic ?? 0),
  );
  const right = (label: string) => ({ label, align: 'right' }) as const;
  return {
    kind: 'table',
    columns: [
      { label: 'method' },
      ...['density', `${byteUnit.name} of rounds`, 'analytic', 'ratio'].map(right),
      ...[`train ${macUnit.name}`, 'analytic', 'ratio'].map(right),
      ...['peak MB', 'analytic'].map(right),
    ],
    rows: rows.map(({ group, costs: { bytes, macs, memory } }) => [
      group.name,
      group.density,
      ...cells(bytes, byteUnit.size, 2),
      ratio(bytes),
      ...cells(macs, macUnit.size, 2),
      ratio(macs),
      ...cells(memory, 1e6, 2),
    ]),
  };
}

function cells(pair: CostPair | null, unit: number, digits: number): readonly string[] {
  if (pair === null) return ['–', '–'];
  return [pair.measured, pair.analytic].map((value) => (value / unit).toFixed(digits));
}

function ratio(pair: CostPair | null): string {
  return pair === null ? '–' : (pair.measured / pair.analytic).toFixed(3);
}

/** A sentence once, with the rows it holds for. */
function reasonRows(
  rows: readonly CostRow[],
  methods: ReadonlyMap<string, Method>,
): readonly (readonly [string, string, string])[] {
  const reasons = new Map<string, { readonly what: string; readonly names: Set<string> }>();
  for (const { group, costs } of rows) {
    const method = methods.get(group.name);
    const said: CostDifferences = method ? costDifferences(method) : { bytes: [], macs: [] };
    for (const [what, pair] of [
      ['bytes', costs.bytes],
      ['macs', costs.macs],
    ] as const) {
      if (costsAgree(pair)) continue;
      for (const sentence of said[what].length > 0 ? said[what] : [NO_PART[what]]) {
        const reason = reasons.get(sentence) ?? { what: LABELS[what], names: new Set() };
        reasons.set(sentence, reason);
        reason.names.add(group.name);
      }
    }
  }
  return [...reasons].map(([sentence, { what, names }]) => [what, sentence, [...names].join(', ')]);
}

/** What is left to say where a method's parts give no reason. */
const NO_PART = {
  bytes:
    'No part of the method tells. Every message carries a little besides weights, which tells where the network is small.',
  macs: 'No part of the method tells. The first layer needs no gradient of its input and the model counts one, which tells where the network is small.',
} as const;

const LABELS = { bytes: 'bytes', macs: 'operations' } as const;

function reasonTable(rows: readonly (readonly [string, string, string])[]): ReportBlock {
  return {
    kind: 'table',
    caption: `Why rows differ by more than ${100 * COST_TOLERANCE} %.`,
    columns: [{ label: 'of' }, { label: 'because', wrap: true }, { label: 'rows', wrap: true }],
    rows,
  };
}
