import type { GroupCosts, CostPair, CostRow } from './cost-rows.js';
import type { ReportBlock } from '@espalier/core/report';
import { roundBytes, type CellResult, roundMacs } from '../cell-result.js';
import { spreadOf, type ResultGroup } from '../statistics.js';
import { unitFor } from '../units.js';
import { ledgerBlocks } from './ledger.js';

const COST_TEXT =
  "Measured: bytes of every frame of the rounds both ways, multiply-accumulates that the trainers executed, the trainers' peak memory. Analytic: the authors' cost model (FedRTS, Huang et al. 2025, appendix), where every client that answers gets and sends the model with its indices each round, a backward pass counts as two forward passes, and memory is weights, gradients and the optimiser's slots without activations. Joining, selection and the final model are in neither.";

/** Computes the cost of the rounds of these runs. */
export function groupCosts({ results }: Pick<ResultGroup, 'results'>): GroupCosts {
  return {
    bytes: costPair(results, 'bytes', roundBytes),
    macs: costPair(results, 'macs', roundMacs),
    memory: costPair(results, 'memory', ({ peakBytes }) => peakBytes),
  };
}

function costPair(
  results: readonly CellResult[],
  cost: keyof GroupCosts,
  measured: (result: CellResult) => number | null,
): CostPair | null {
  const known = results.filter(
    (result) => measured(result) !== null && (result.analytic?.[cost] ?? null) !== null,
  );
  const mean = (pick: (result: CellResult) => number | null): number | null =>
    spreadOf(known.map(pick))?.mean ?? null;
  const [a, b] = [mean(measured), mean(({ analytic }) => analytic?.[cost] ?? null)];
  if (a === null || b === null) return null;
  const ledgers = known.map(({ analytic }) => (cost === 'memory' ? null : (analytic?.terms?.[cost] ?? null)));
  return { measured: a, analytic: b, terms: meanTerms(ledgers) };
}

/** Null unless every run has them. */
function meanTerms(
  ledgers: readonly (Readonly<Record<string, number>> | null)[],
): Readonly<Record<string, number>> | null {
  const [first] = ledgers;
  if (!first || ledgers.includes(null)) return null;
  const mean = (id: string): number =>
    ledgers.reduce((sum, ledger) => sum + (ledger?.[id] ?? 0), 0) / ledgers.length;
  return Object.fromEntries(Object.keys(first).map((id) => [id, mean(id)]));
}

/** The table of costs, and what lies between the model and the measurement. */
export function costBlocks(groups: readonly ResultGroup[]): readonly ReportBlock[] {
  const rows = groups.map((group) => ({ group, costs: groupCosts(group) }));
  const known = rows.filter(({ costs }) => costs.bytes ?? costs.macs);
  if (known.length === 0) return [];
  return [{ kind: 'text', text: COST_TEXT }, costTable(known), ...ledgerBlocks(known)];
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
