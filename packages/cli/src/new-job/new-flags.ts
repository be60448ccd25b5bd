import type { OutputFormat } from '../terminal.js';

/** Flags of `espalier new`. */
export interface NewFlags {
  readonly data?: string;
  readonly model?: string;
  readonly density?: number;
  readonly clients?: number;
  /** Bytes that one client may move in the whole run. */
  readonly budget?: number;
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly format: OutputFormat;
}
