import { systemCode } from '@espalier/disk';

/** Bytes of the largest model file that is read: what Node's buffers hold on every platform. */
export const LARGEST_MODEL = 2 ** 31 - 1;

/** True for the error of a file that does not exist. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
