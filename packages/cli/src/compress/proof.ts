import { createNodeTrainer } from '@espalier/client-node';
import {
  numClasses,
  parameterSpecs,
  momentSpecs,
  type Batch,
  type Mask,
  type ModelGraph,
  type ModelState,
} from '@espalier/core';
import {
  agreementOf,
  maskChannels,
  noise,
  removeChannels,
  syntheticImages,
  type Agreement,
  type CompressedNetwork,
  type CompressInput,
} from '@espalier/core/compression';
import { forwardMacs } from '@espalier/core/report';
import { measureLatency, type Latency, type LatencyOptions } from './latency.js';

/** A network in figures. */
export interface NetworkFigures {
  readonly parameters: number;
  /** Parameters that are not masked out. */
  readonly active: number;
  /** Multiply-accumulates of one image's forward pass, active weights only. */
  readonly macs: number;
  /** Dense float32, statistics included. */
  readonly denseBytes: number;
}

/** A layer before and after. */
export interface LayerFigures {
  readonly name: string;
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Weights left that are not 0, and all there were. */
  readonly active: number;
  readonly weights: number;
}

/** Measurements of a compression, besides the files. */
export interface Proof {
  readonly before: NetworkFigures;
  readonly after: NetworkFigures;
  /** Largest difference of logits between the network with channels silenced and the one without them, on noise. */
  readonly rewritingError: number;
  /** With the original: on synthetic images. */
  readonly agreement: Agreement & { readonly images: number };
  /** Empty where it was not wanted. */
  readonly latency: readonly Latency[];
  readonly layers: readonly LayerFigures[];
}

/** Extent of the measurements. */
export interface ProofOptions {
  readonly samples: number;
  readonly seed: number;
  /** Null measures no times. */
  readonly latency: LatencyOptions | null;
}

/** Measures what became of a network; its own mask is null where it was dense. */
export async function proveCompression(
  input: CompressInput & { readonly mask: Mask | null },
  output: CompressedNetwork,
  { samples, seed, latency }: ProofOptions,
): Promise<Proof> {
  const images = syntheticImages(input.graph, { samples, seed, normalization: input.normalization });
  const [first, second] = await logits([input, output], images);
  const silenced = { graph: input.graph, state: maskChannels(input, output.removed) };
  const [masked, rewritten] = await logits(
    [silenced, removeChannels(input, output.removed)],
    noise(input.graph, 8, seed),
  );
  const classes = numClasses(input.graph);
  const isSparse = output.mask.density < 1;
  return {
    before: figures(input.graph, input.mask),
    after: figures(output.graph, output.mask),
    rewritingError: agreementOf(masked!, rewritten!, classes).largest,
    agreement: { ...agreementOf(first!, second!, classes), images: images.size },
    latency: latency
      ? await measureLatency(input, { ...output, mask: isSparse ? output.mask : null }, latency)
      : [],
    layers: layerFigures(input.graph, output),
  };
}

async function logits(
  networks: readonly { readonly graph: ModelGraph; readonly state: ModelState }[],
  images: Batch,
): Promise<readonly Float32Array[]> {
  const trainer = await createNodeTrainer({ ops: networks[0]?.graph.nodes.map(({ op }) => op) ?? [] });
  try {
    const results: Float32Array[] = [];
    for (const { graph, state } of networks) {
      await trainer.load(graph, state, null);
      results.push(await trainer.predict(images));
    }
    return results;
  } finally {
    await trainer.dispose();
  }
}

function figures(graph: ModelGraph, mask: Mask | null): NetworkFigures {
  const parameters = parameterSpecs(graph).reduce((sum, { size }) => sum + size, 0);
  const moments = momentSpecs(graph).reduce((sum, { channels }) => sum + 2 * channels, 0);
  return {
    parameters,
    active: parameters - (mask ? mask.size - mask.activeCount : 0),
    macs: forwardMacs(graph, mask).total,
    denseBytes: 4 * (parameters + moments),
  };
}

function layerFigures(before: ModelGraph, { graph, state }: CompressedNetwork): readonly LayerFigures[] {
  const after = new Map(parameterSpecs(graph).map((spec) => [spec.name, spec]));
  return parameterSpecs(before)
    .filter(({ role }) => role === 'kernel')
    .map(({ name, shape, size }) => {
      const values = state.params.get(name) ?? new Float32Array(0);
      const active = values.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
      return { name, before: shape, after: after.get(name)?.shape ?? [], active, weights: size };
    });
}
