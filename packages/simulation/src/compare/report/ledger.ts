import { byteTerms, macTerms, type CostTerm, type ReportBlock } from '@espalier/core/report';
import type { CostPair, CostRow } from './cost-rows.js';

/** A cost that a ledger says everything about. */
interface Ledger {
  /** In a caption. */
  readonly name: string;
  readonly terms: readonly CostTerm[];
  readonly of: (row: CostRow) => CostPair | null;
}

const LEDGERS: readonly Ledger[] = [
  { name: 'bytes', terms: byteTerms, of: ({ costs }) => costs.bytes },
  { name: 'operations', terms: macTerms, of: ({ costs }) => costs.macs },
];

/**
 * Returns the part of the measured cost that neither the model's figure nor the terms explain, as a share of
 * it; null when the terms are not known. Within 0.03 the measurement is explained.
 */
export function unexplained(pair: CostPair | null): number | null {
  if (!pair?.terms) return null;
  const known = Object.values(pair.terms).reduce((sum, term) => sum + term, pair.analytic);
  return 1 - known / pair.measured;
}

/**
 * Tabulates bytes and operations: every row's terms in percent of the measured cost, and the meaning of each
 * term.
 */
export function ledgerBlocks(rows: readonly CostRow[]): readonly ReportBlock[] {
  const tables = LEDGERS.flatMap((ledger) => {
    const known = rows.filter((row) => ledger.of(row)?.terms);
    const told = ledger.terms.filter(({ id }) => known.some((row) => ledger.of(row)?.terms?.[id]));
    return known.length === 0 ? [] : [{ ledger, known, told }];
  });
  if (tables.length === 0) return [];
  return [
    ...tables.map(({ ledger, known, told }) => termTable(ledger, told, known)),
    {
      kind: 'table',
      columns: [{ label: 'of' }, { label: 'term' }, { label: 'what it is', wrap: true }],
      rows: tables.flatMap(({ ledger, told }) =>
        told.map(({ label, sentence }) => [ledger.name, label, sentence]),
      ),
    },
  ];
}

function termTable({ name, of }: Ledger, terms: readonly CostTerm[], rows: readonly CostRow[]): ReportBlock {
  const heads = ['density', 'analytic', ...terms.map(({ label }) => label), 'left'];
  return {
    kind: 'table',
    caption: `Where the ${name} come from, in percent of the measured: the model's figure, what is computed to come on top, and what is left unexplained.`,
    columns: [{ label: 'method' }, ...heads.map((label) => ({ label, align: 'right' as const }))],
    rows: rows.map((row) => {
      const pair = of(row);
      const share = (value: number): string => percent(value / (pair?.measured ?? 1), 1);
      return [
        row.group.name,
        row.group.density,
        share(pair?.analytic ?? 0),
        ...terms.map(({ id }) => share(pair?.terms?.[id] ?? 0)),
        percent(unexplained(pair) ?? 0, 2),
      ];
    }),
  };
}

/** Never `-0.0`. */
function percent(share: number, digits: number): string {
  return Number((100 * share).toFixed(digits)).toFixed(digits);
}
