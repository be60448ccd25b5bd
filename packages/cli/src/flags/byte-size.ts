import { InvalidArgumentError } from 'commander';

/** `50MB` → 50,000,000. */
export function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kMGT]?)B?$/i.exec(text.trim());
  const power = ['', 'k', 'm', 'g', 't'].indexOf((match?.[2] ?? '').toLowerCase());
  if (!match || Number(match[1]) === 0) throw new InvalidArgumentError('give a size, e.g. 50MB or 1.5GB');
  return Number(match[1]) * 1000 ** power;
}
