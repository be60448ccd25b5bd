import { EspalierError } from '../../errors.js';
import { ascending } from '../by-class.js';
import { type Partition, checkEnough, type Samples } from './samples.js';

/** Client k gets the samples of folder k, the folders in their listing's order. */
export function byFolder(samples: Samples): Partition {
  const { groups, labels, numClients } = samples;
  checkEnough(samples, 1);
  if (groups?.length !== labels.length) {
    throw new EspalierError(
      'invalid_job',
      'partition byFolder needs data with a folder per client, <folder>/<client>/<class>/; use data.kind imageFolder, or another partition',
    );
  }
  const parts = Array.from({ length: numClients }, (): number[] => []);
  for (let i = 0; i < labels.length; i++) parts[groups[i]!]?.push(i);
  const folders = new Set(Array.from(groups)).size;
  if (folders === numClients && parts.every((part) => part.length > 0)) return parts.map(ascending);
  throw new EspalierError(
    'invalid_job',
    `the data has ${String(folders)} client folders with samples, the job ${String(numClients)} clients; set numClients to ${String(folders)}`,
    { folders, numClients },
  );
}
