import type { JsonObject } from './json.js';

/** One layer of a Keras model, by whichever version of Keras written. */
export interface KerasLayer {
  readonly name: string;
  /** `Conv2D`, … */
  readonly className: string;
  readonly config: JsonObject;
  /** Number of calls by the model; a layer called twice shares its weights. */
  readonly calls: number;
}

/** One call of a layer: a node of the model. */
export interface KerasCall {
  /** Unique in the model. */
  readonly key: string;
  readonly layer: KerasLayer;
  /** Keys of the calls whose outputs it reads. */
  readonly inputs: readonly string[];
}

/** A model as a flat list of calls; models inside the model are opened up. */
export interface KerasModel {
  readonly name: string;
  /** In the order of the file, which need not be topological. */
  readonly calls: readonly KerasCall[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The class of calls that hand their input on. */
export const IDENTITY = 'Identity';
