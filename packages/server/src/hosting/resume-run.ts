import { storageError, systemCode } from '@espalier/disk';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError, type Job } from '@espalier/core';
import { parseJob } from '../job/index.js';
import { RUN_FILES, runTraces } from '../run-folder/index.js';
import { checkState, type RunSigns } from '../state/index.js';

/**
 * The job of a run that is to be taken up again, once its folder is found to be as the run left it; reads only.
 * Blobs are not read yet: a coordinator does that when it takes the folder.
 * @throws EspalierError `not_resumable` naming what is lost, changed or damaged; `invalid_data` when it is no run folder.
 */
export async function resumableJob(path: string): Promise<Job> {
  const bytes = await readJobFile(path);
  await checkState(join(path, RUN_FILES.state), await signsOf(path, bytes), false);
  return parseJob(bytes.toString());
}

/**
 * Reads the signs of a run from its folder, outside its state. @throws EspalierError as {@link resumableJob}.
 */
export async function runSigns(path: string): Promise<RunSigns> {
  return signsOf(path, await readJobFile(path));
}

async function signsOf(path: string, job: Buffer): Promise<RunSigns> {
  const { names, round } = await runTraces(path);
  return { job: createHash('sha256').update(job).digest('hex'), traces: names, round };
}

/** As bytes: a damaged byte must not become the same replacement character as another. */
async function readJobFile(path: string): Promise<Buffer> {
  const file = join(path, RUN_FILES.job);
  try {
    return await readFile(file);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw storageError('read', file, error);
  }
  const { names } = await runTraces(path);
  if (names.length === 0)
    throw new EspalierError('invalid_data', `${path} is not a run folder: it has no ${RUN_FILES.job}`, {
      path,
    });
  throw new EspalierError(
    'not_resumable',
    `${file} is gone, and ${names.join(', ')} show that a run had begun here: restore the file from a backup`,
    { path: file },
  );
}
