import { modelFormats, type ModelFormat } from '@espalier/client-node';
import { entryNamed, EspalierError } from '@espalier/core';
import {
  checkClientAccess,
  COST_KINDS,
  type CompressOptions,
  type CostTarget,
  type DataAccess,
} from '@espalier/core/compression';
import type { ValueCoding } from '@espalier/core/formats';
import { allocationNamed } from '@espalier/core/methods';
import type { HostFlags } from '../host-flags.js';
import type { OutputFormat } from '../terminal.js';

/** Flags of `espalier compress`. */
export interface CompressFlags extends HostFlags {
  readonly model: string;
  readonly out: string;
  readonly access: DataAccess;
  /** `kind=value` of what is to be left of the channels. */
  readonly target?: string;
  readonly spread: 'uniform' | 'global';
  readonly multiple: number;
  readonly density?: number;
  readonly criterion: string;
  /** One name; several with commas between, of which clients choose. */
  readonly allocation: string;
  readonly layerFloor: number;
  readonly iterations: number;
  readonly repair: string;
  readonly bits?: number;
  readonly quantizer: string;
  /** Values of the bundle; follows from `bits` unless told. */
  readonly values?: 'float32' | 'float16' | 'int8' | 'int4';
  readonly to: string;
  readonly samples: number;
  readonly seed: number;
  /** Job file of the clients that are asked; nobody is asked without it. */
  readonly with?: string;
  /** Overrides of that job. */
  readonly set: readonly string[];
  /** Off: no times. */
  readonly latency: boolean;
  readonly zoo?: string;
  readonly width?: number;
  readonly input: string;
  readonly classes: number;
  readonly format: OutputFormat;
}

/** @throws EspalierError `invalid_argument` for flags that contradict each other or ask for nothing. */
export function optionsOf(flags: CompressFlags): CompressOptions {
  const { access, repair, samples, seed, spread, criterion, multiple } = flags;
  const channels =
    flags.target === undefined ? null : { target: targetOf(flags.target), spread, criterion, multiple };
  const { density, layerFloor, iterations } = flags;
  const [allocation = ''] = allocationsOf(flags);
  const weights = density === undefined ? null : { density, criterion, allocation, layerFloor, iterations };
  const rounding = flags.bits === undefined ? null : { bits: flags.bits, quantizer: flags.quantizer };
  if (flags.with !== undefined) checkClientAccess(access);
  if (!channels && !weights && !rounding && flags.with === undefined) {
    throw new EspalierError(
      'invalid_argument',
      'there is nothing to do: give --target <kind>=<share> for channels, --density <share> for weights, or --bits <n>',
    );
  }
  return { access, channels, weights, rounding, repair, samples, seed };
}

/** The names of `--allocation`. @throws EspalierError `invalid_argument` for several without clients to choose. */
export function allocationsOf({ allocation, with: job }: CompressFlags): readonly string[] {
  const names = allocation.split(',').map((name) => name.trim());
  for (const name of names) allocationNamed(name);
  if (names.length < 2 || job !== undefined) return names;
  throw new EspalierError(
    'invalid_argument',
    `--allocation names ${names.length}, and nobody is there to choose: name one, or ask clients with --with <job> --access aggregates`,
  );
}

/** `macs=0.5` → half of the multiply-accumulates. */
function targetOf(text: string): CostTarget {
  const [word = '', number = ''] = text.split('=');
  const kind = COST_KINDS.find((one) => one === word);
  const value = Number(number);
  if (kind !== undefined && number !== '' && value > 0 && Number.isFinite(value)) return { kind, value };
  throw new EspalierError(
    'invalid_argument',
    `the target ${text} is not <kind>=<what is to be left>; kinds are ${COST_KINDS.join(', ')}, shares lie above 0 and at most 1`,
  );
}

/** The forms of `--to`. @throws EspalierError `invalid_argument`. */
export function formatsOf(text: string): readonly ModelFormat[] {
  return text.split(',').map((name) => entryNamed(modelFormats, name.trim(), 'form'));
}

/**
 * Returns the coding of the bundle's values: the one given, or one of as many bits as they were rounded to.
 */
export function codingOf({ values, bits, quantizer }: CompressFlags): ValueCoding {
  if (values === 'float32' || values === 'float16') return { kind: values };
  if (values !== undefined) return { kind: 'levels', quantizer: 'uniform', bits: values === 'int8' ? 8 : 4 };
  return bits === undefined ? { kind: 'float32' } : { kind: 'levels', quantizer, bits };
}

/** Describes the compression, for the bundle's metadata. */
export function describeOptions({ access, channels, weights, rounding, repair }: CompressOptions): string {
  return JSON.stringify({ access, channels, weights, rounding, repair });
}

/** The command that does the same again. */
export function commandOf(flags: CompressFlags, options: CompressOptions): string {
  const { model, out, to } = flags;
  const { access, channels, weights, rounding, repair, samples, seed } = options;
  const parts = [
    `espalier compress --model ${model} --out ${out} --access ${access} --repair ${repair}`,
    channels
      ? `--target ${channels.target.kind}=${channels.target.value} --spread ${channels.spread} --multiple ${channels.multiple ?? 1}`
      : '',
    weights
      ? `--density ${weights.density} --allocation ${allocationsOf(flags).join(',')}` +
        ` --layer-floor ${weights.layerFloor} --iterations ${weights.iterations}`
      : '',
    channels || weights ? `--criterion ${flags.criterion}` : '',
    rounding ? `--bits ${rounding.bits} --quantizer ${rounding.quantizer}` : '',
    flags.with === undefined ? '' : `--with ${flags.with}`,
    ...flags.set.map((override) => `--set ${override}`),
    `--to ${to} --samples ${samples} --seed ${seed}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}
