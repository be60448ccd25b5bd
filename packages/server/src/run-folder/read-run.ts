import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '@espalier/core';
import type { RoundMetrics, RunSummary } from '@espalier/core/report';
import { RUN_FILES } from './run-folder.js';
import { storageError, systemCode } from '@espalier/disk';

/** Contents of a run folder; summary and model are null while the run goes on. */
export interface RunContents {
  /** The resolved job. */
  readonly jobYaml: string;
  readonly metrics: readonly RoundMetrics[];
  readonly summary: RunSummary | null;
  /** Bytes of the model's bundle. */
  readonly bundle: Uint8Array | null;
}

/** @throws EspalierError `invalid_data` when the folder is no run folder, `storage` when it cannot be read. */
export async function readRunFolder(path: string): Promise<RunContents> {
  const jobYaml = await readIfThere(join(path, RUN_FILES.job));
  if (jobYaml === null) {
    throw new EspalierError('invalid_data', `${path} is not a run folder: it has no ${RUN_FILES.job}`, {
      path,
    });
  }
  const metrics = (await readIfThere(join(path, RUN_FILES.metrics)))?.toString() ?? '';
  const summary = await readIfThere(join(path, RUN_FILES.summary));
  const bundle = await readIfThere(join(path, RUN_FILES.model));
  return {
    jobYaml: jobYaml.toString(),
    metrics: metrics
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parse(line, join(path, RUN_FILES.metrics)) as RoundMetrics),
    summary: summary && (parse(summary.toString(), join(path, RUN_FILES.summary)) as RunSummary),
    bundle: bundle && new Uint8Array(bundle),
  };
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw storageError('read', path, error);
  }
}

/** These files are our own; a file that is cut short or edited is told by its path. */
function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EspalierError(
      'invalid_data',
      `${path} is damaged: ${error instanceof Error ? error.message : ''}`,
      { path },
    );
  }
}
