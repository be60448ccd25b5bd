import { readStream } from '@espalier/disk';

/** The longest text that a person writes by hand: a job, a grid, a certificate chain. */
const MOST_BYTES = 2 ** 20;

/**
 * The text of a file that a person named.
 * @param what what it is to people, such as `the job file`
 * @throws EspalierError `storage` when it cannot be read, with what to do; `invalid_data` when it has more than
 * 1 MiB.
 */
export async function readText(path: string, what: string): Promise<string> {
  return (await readStream(path, MOST_BYTES, what)).toString('utf8');
}
