import type { Normalization } from '../../data/batches.js';
import type { WeightsGroup } from './weights-manifest.js';

/** One layer as Keras 2 writes it. */
export interface LayerJson {
  readonly class_name: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** One call, reading the first output of each named layer: `[[name, 0, 0, {}], …]`; none for the input. */
  readonly inbound_nodes: readonly (readonly InboundTensor[])[];
}

/** Layer, call of that layer, output of that call, keyword arguments. */
export type InboundTensor = readonly [string, number, number, Readonly<Record<string, never>>];

/** The content of a `model.json` that `tf.loadLayersModel` takes. */
export interface LayersModelJson {
  readonly format: 'layers-model';
  readonly generatedBy: string;
  readonly convertedBy: null;
  readonly modelTopology: {
    readonly keras_version: string;
    readonly backend: string;
    readonly model_config: {
      readonly class_name: 'Functional';
      readonly config: {
        readonly name: string;
        readonly layers: readonly LayerJson[];
        readonly input_layers: readonly (readonly [string, number, number])[];
        readonly output_layers: readonly (readonly [string, number, number])[];
      };
    };
  };
  readonly weightsManifest: readonly WeightsGroup[];
  /** Metadata that tfjs passes through and Espalier reads back. */
  readonly userDefinedMetadata: {
    /** Label i is classes[i]. */
    readonly classes?: readonly string[];
    /** Normalisation that images need before they enter. */
    readonly normalization?: Normalization;
  };
}
