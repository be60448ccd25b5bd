import { EspalierError } from '../errors.js';
import { randomStream, shuffled, type StreamKey } from '../random/stream.js';
import { ascending, positionsByClass } from './by-class.js';

/** Sample positions of the coordinator's own set and of everything that goes to clients; both ascending, disjoint. */
export interface HeldOut {
  readonly server: readonly number[];
  readonly clients: readonly number[];
}

/**
 * Holds `samplesPerClass` training samples of every class out for the coordinator (pretraining), drawn per
 * class from the seed. All other samples are the clients'; together they are all samples.
 * @throws EspalierError `invalid_data` naming a class that would have nothing left for the clients, or an
 * invalid label.
 */
export function holdOut(
  labels: ArrayLike<number>,
  numClasses: number,
  samplesPerClass: number,
  seed: number,
): HeldOut {
  if (!Number.isSafeInteger(samplesPerClass) || samplesPerClass < 0) {
    throw new EspalierError(
      'invalid_argument',
      `cannot hold out ${String(samplesPerClass)} samples per class; give a whole number of at least 0`,
    );
  }
  const orders = positionsByClass(labels, numClasses).map((positions, label) => {
    checkClass(label, positions.length, samplesPerClass);
    return shuffled(positions, randomStream({ seed, purpose: 'hold out', partition: label }));
  });
  return {
    server: ascending(orders.flatMap((order) => order.slice(0, samplesPerClass))),
    clients: ascending(orders.flatMap((order) => order.slice(samplesPerClass))),
  };
}

/** Positions of a random part of a data set and of the rest; both ascending. */
export interface FractionSplit {
  readonly first: readonly number[];
  readonly rest: readonly number[];
}

/**
 * Draws `fraction` of `size` samples: the nearest whole number, and for fractions between 0 and 1 at least one sample
 * on either side. The same key gives the same samples.
 * @param fraction in [0, 1]
 * @throws EspalierError `invalid_argument` for another fraction; `invalid_data` when there are too few to split.
 */
export function splitFraction(size: number, fraction: number, key: StreamKey): FractionSplit {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new EspalierError('invalid_argument', `fraction ${String(fraction)} is not between 0 and 1`, {
      fraction,
    });
  }
  const order = shuffled(
    Array.from({ length: size }, (_, i) => i),
    randomStream(key),
  );
  const count = fractionCount(size, fraction);
  return { first: ascending(order.slice(0, count)), rest: ascending(order.slice(count)) };
}

/** Draws `count` of `size` samples, positions ascending; all of them if there are no more. */
export function drawSome(size: number, count: number, key: StreamKey): readonly number[] {
  const order = shuffled(
    Array.from({ length: size }, (_, i) => i),
    randomStream(key),
  );
  return ascending(order.slice(0, count));
}

/**
 * Draws `fraction` of every class: the nearest whole number, and for fractions above 0 at least one of each
 * class that has two samples or more, so that no class is missing on either side.
 * @param fraction in [0, 1)
 * @throws EspalierError `invalid_argument` for another fraction; `invalid_data` for an invalid label.
 */
export function splitPerClass(
  labels: ArrayLike<number>,
  numClasses: number,
  { fraction, seed }: { readonly fraction: number; readonly seed: number },
): FractionSplit {
  const halves = positionsByClass(labels, numClasses).map((positions, label) => {
    const key = { seed, purpose: 'test split', partition: label };
    const { first, rest } = splitFraction(positions.length, positions.length < 2 ? 0 : fraction, key);
    const named = (chosen: readonly number[]): readonly number[] => chosen.map((at) => positions[at]!);
    return { first: named(first), rest: named(rest) };
  });
  return {
    first: ascending(halves.flatMap(({ first }) => first)),
    rest: ascending(halves.flatMap(({ rest }) => rest)),
  };
}

function fractionCount(size: number, fraction: number): number {
  if (fraction === 0) return 0;
  if (fraction === 1) return size;
  if (size < 2) {
    throw new EspalierError(
      'invalid_data',
      `${String(size)} samples cannot be split in two parts (fraction ${String(fraction)}); at least 2 are needed`,
      { size, fraction },
    );
  }
  return Math.min(size - 1, Math.max(1, Math.round(size * fraction)));
}

function checkClass(label: number, available: number, samplesPerClass: number): void {
  if (available > samplesPerClass || samplesPerClass === 0) return;
  throw new EspalierError(
    'invalid_data',
    `class ${String(label)} has ${String(available)} samples; holding out ${String(samplesPerClass)} leaves the clients none: lower pretrain.samplesPerClass or add samples`,
    { label, available, samplesPerClass },
  );
}
