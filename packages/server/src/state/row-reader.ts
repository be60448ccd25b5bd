/** A row as the database gives it. */
export type Row = Readonly<Record<string, string | number | null>>;

/** Values bound to a statement. */
export type Value = string | number | null;

/** Reads rows of a database, and changes none. */
export interface RowReader {
  /** @throws EspalierError `storage` when the database cannot be read */
  rows(sql: string, ...values: readonly Value[]): readonly Row[];
}
