import { exp, ln } from '../random/index.js';

/** Degree to which two networks give the same answers for the same images. */
export interface Agreement {
  /** Share of images with the same first class. */
  readonly argmax: number;
  /** Mean Kullback–Leibler divergence of the first's probabilities from the second's, in nats. */
  readonly divergence: number;
  /** Largest difference of a logit. */
  readonly largest: number;
}

/** Compares logits of two networks on the same images, `[size, classes]`. */
export function agreementOf(first: Float32Array, second: Float32Array, classes: number): Agreement {
  const size = first.length / classes;
  let same = 0;
  let divergence = 0;
  let largest = 0;
  for (let n = 0; n < size; n++) {
    const a = first.subarray(n * classes, (n + 1) * classes);
    const b = second.subarray(n * classes, (n + 1) * classes);
    if (a.indexOf(Math.max(...a)) === b.indexOf(Math.max(...b))) same++;
    const [p, q] = [logProbabilities(a), logProbabilities(b)];
    p.forEach((value, c) => {
      divergence += exp(value) * (value - (q[c] ?? 0));
      largest = Math.max(largest, Math.abs((a[c] ?? 0) - (b[c] ?? 0)));
    });
  }
  return { argmax: same / size, divergence: Math.max(0, divergence / size), largest };
}

function logProbabilities(logits: Float32Array): number[] {
  const top = Math.max(...logits);
  const total = ln(logits.reduce((sum, value) => sum + exp(value - top), 0));
  return Array.from(logits, (value) => value - top - total);
}
