/** A trainer for tests of the training thread: it computes nothing, and tells what reached it. */
export async function createTrainer(options) {
  if (options?.refuse) throw refusal('backend_unavailable', options.refuse, { wanted: 'gpu' });
  if (options?.exit) process.exit(7);
  return new FakeTrainer();
}

function refusal(code, message, facts = {}) {
  return Object.assign(new Error(message), { name: 'EspalierError', code, rawMessage: message, facts });
}

class FakeTrainer {
  name = 'fake';
  ops = new Set(['input', 'dense']);
  denseFrom = 0.5;
  #loaded = null;

  async load(graph, state, mask) {
    if (graph.name === 'bad') throw refusal('invalid_graph', 'a bad graph', { node: 'x' });
    this.#loaded = { graph, state, mask };
  }

  async train(dataset, options, { signal, onProgress }) {
    for (let epoch = 0; epoch < options.epochs; epoch++) {
      if (signal.aborted) throw refusal('aborted', `stopped in epoch ${epoch}`);
      onProgress?.({ epoch, batch: 0, batches: 1, loss: epoch });
    }
    const { state } = this.#loaded;
    return {
      state,
      losses: [1, 2],
      steps: 3,
      samplesSeen: dataset.labels.length,
      microBatch: 4,
      topGradients: [],
    };
  }

  async gradients(batch) {
    return { loss: batch.size, gradients: this.#loaded.state.params };
  }

  async topGradients(batch, requests) {
    const { mask } = this.#loaded;
    return requests.map(({ layer }) => ({ layer, indices: mask.layer(layer).active, values: batch.images }));
  }

  async batchNormMoments() {
    return this.#loaded.state.moments;
  }

  async evaluate(dataset) {
    const { mask } = this.#loaded;
    if (dataset.classes[0] === 'die')
      setImmediate(() => {
        throw new Error('out of the blue');
      });
    if (dataset.classes[0] === 'die') return new Promise(() => undefined);
    if (dataset.classes[0] === 'exit') process.exit(3);
    return { lossSum: mask.version, correct: mask.activeCount, samples: dataset.labels.length };
  }

  async predict() {
    return Float32Array.from(this.#loaded.mask.hash, (digit) => parseInt(digit, 16));
  }

  footprint() {
    if (!this.#loaded) throw refusal('invalid_argument', 'nothing loaded');
    return { peakBytes: 1, forwardMacsPerSample: 2, trainMacsPerSample: 3 };
  }

  async dispose() {}
}
