import { EspalierError } from '@espalier/core';

/** Labelled images as a file has them, before they are brought to a job's shape. */
export interface LabelledImages {
  /** Height, width and channels (1 or 3). */
  readonly imageShape: readonly [number, number, number];
  /** One image after another, rows of interleaved channels, eight bits a channel. */
  readonly images: Uint8Array;
  readonly labels: Uint16Array;
}

/** @throws EspalierError `invalid_data`, always: the file's name before what is wrong with it. */
export function refuse(name: string, what: string): never {
  throw new EspalierError('invalid_data', `${name} ${what}`, { file: name });
}
