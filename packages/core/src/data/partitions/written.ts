import { EspalierError } from '../../errors.js';
import { ascending } from '../by-class.js';
import { type Partition, checkEnough, type Samples } from './samples.js';

/** The parts that were read from a file, once they are found to be a partition of these samples. */
export function written(samples: Samples): Partition {
  const { labels, numClients, written: parts } = samples;
  checkEnough(samples, 1);
  if (parts === undefined) throw unfit('was not read; the end that splits the samples must read it first');
  if (parts.length !== numClients) {
    throw unfit(
      `has ${String(parts.length)} parts for ${String(numClients)} clients; set numClients to ${String(parts.length)}, or write it again`,
    );
  }
  const owner = new Int32Array(labels.length).fill(-1);
  for (const [client, part] of parts.entries()) {
    if (part.length === 0) throw unfit(`gives client ${String(client + 1)} no sample; write it again`);
    for (const position of part) {
      if (owner[position] !== -1) throw unfit(strayText(position, owner[position]));
      owner[position] = client;
    }
  }
  const missing = owner.indexOf(-1);
  if (missing >= 0) throw unfit(`gives sample ${String(missing)} to nobody; write it again`);
  return parts.map(ascending);
}

function strayText(position: number, owner: number | undefined): string {
  return owner === undefined
    ? `names sample ${String(position)}, which the data does not have; write it again from this data`
    : `gives sample ${String(position)} out twice; write it again`;
}

function unfit(what: string): EspalierError {
  return new EspalierError('invalid_job', `the partition file ${what}`);
}
