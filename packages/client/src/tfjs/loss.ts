/** Softmax cross-entropy over a batch. */
export interface BatchLoss {
  /** Sum over the samples, in float64. */
  readonly lossSum: number;
  /** Samples whose largest logit (ties: the lower class) is the label's. */
  readonly correct: number;
  /** Gradient of the *mean* loss with respect to the logits, `[size, classes]`. */
  readonly gradient: Float32Array;
}

/**
 * Softmax cross-entropy from logits `[labels.length, classes]`. Done here rather than on the device: the logits are
 * few, they must be read anyway to see whether the loss is finite, and float64 costs nothing.
 */
export function softmaxCrossEntropy(logits: Float32Array, labels: Uint16Array): BatchLoss {
  const size = labels.length;
  const classes = logits.length / size;
  const gradient = new Float32Array(logits.length);
  let lossSum = 0;
  let correct = 0;
  for (let i = 0; i < size; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const label = labels[i]!;
    const best = argMax(row);
    const logSum = logSumExp(row, row[best]!);
    lossSum += logSum - row[label]!;
    if (best === label) correct++;
    for (let c = 0; c < classes; c++) {
      gradient[i * classes + c] = (Math.exp(row[c]! - logSum) - (c === label ? 1 : 0)) / size;
    }
  }
  return { lossSum, correct, gradient };
}

function argMax(row: Float32Array): number {
  let best = 0;
  for (let c = 1; c < row.length; c++) if (row[c]! > row[best]!) best = c;
  return best;
}

function logSumExp(row: Float32Array, largest: number): number {
  let sum = 0;
  for (const value of row) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}
