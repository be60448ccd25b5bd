/** One figure with its label, as a large number at the top of a report: `{label: 'Accuracy', value: '58.2 %'}`. */
export interface ReportFigure {
  readonly label: string;
  readonly value: string;
  /** A few words below it: its basis of comparison, or how it was counted. */
  readonly hint?: string;
}

/** A column of a report's table. */
export interface ReportColumn {
  readonly label: string;
  readonly align?: 'left' | 'right';
  /** Its text may be long: it breaks. */
  readonly wrap?: boolean;
}

/** A piece of a section. A chart's `option` is a plain ECharts option: JSON alone, no functions. */
export type ReportBlock =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'figures'; readonly figures: readonly ReportFigure[] }
  | {
      readonly kind: 'table';
      readonly caption?: string;
      readonly columns: readonly ReportColumn[];
      readonly rows: readonly (readonly (string | number | null)[])[];
    }
  | {
      readonly kind: 'chart';
      readonly caption: string;
      readonly option: Readonly<Record<string, unknown>>;
      /** In CSS pixels; 320 when left out. */
      readonly height?: number;
    };

/** A heading and its contents. */
export interface ReportSection {
  readonly heading: string;
  readonly blocks: readonly ReportBlock[];
}

/** A report as data: written by `compare` and `compress`, drawn by the report page of client-web. */
export interface ReportDocument {
  readonly kind: 'document';
  readonly title: string;
  /** One sentence under the title. */
  readonly lead: string;
  readonly sections: readonly ReportSection[];
}
