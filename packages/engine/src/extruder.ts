import { extrusionRate, lowPositions, type Extrusion } from '@espalier/core';
import type { Network } from './network.js';

/**
 * Presses on a network's smallest weights while it trains (FedMef's budget-aware extrusion): chosen once, by the weights
 * in memory when it is made. Between a step's gradients and its update.
 */
export class Extruder {
  readonly #network: Network;
  readonly #extrusion: Extrusion;
  /** Places of the pressed weights among the store's values, by layer. */
  readonly #low: readonly Uint32Array[];

  constructor(network: Network, extrusion: Extrusion) {
    this.#network = network;
    this.#extrusion = extrusion;
    this.#low = extrusion.layers.map((layer) => {
      const places = network.placesOf(layer);
      const values = network.values();
      const magnitudes = Float32Array.from(places, (place) => Math.abs(values[place]!));
      return lowPositions(magnitudes, extrusion.share).map((position) => places[position]!);
    });
  }

  /** Adds the penalty's gradient; gives the learning rate of the step. */
  press(run: { readonly learningRate: number; readonly step: number; readonly steps: number }): number {
    const [values, gradients] = [this.#network.values(), this.#network.gradients()];
    let norm = 0;
    for (const low of this.#low) {
      let squares = 0;
      for (const place of low) {
        norm += Math.abs(values[place]!);
        squares += values[place]! ** 2;
      }
      if (squares === 0) continue;
      const pull = this.#extrusion.penalty / Math.sqrt(squares);
      for (const place of low) gradients[place]! += pull * values[place]!;
    }
    return extrusionRate(this.#extrusion, { ...run, norm });
  }
}
