import { extrusionRate, lowPositions, type Extrusion } from '@espalier/core';
import type { Network } from './network.js';

/**
 * Presses on a network's smallest weights while it trains (FedMef's budget-aware extrusion): chosen once, by
 * the weights in memory when it is made. Called between a step's gradients and its update.
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
      const magnitudes = Float32Array.from(places, (place) => Math.abs(values[place] ?? 0));
      return lowPositions(magnitudes, extrusion.share).map((position) => places[position] ?? 0);
    });
  }

  /** Adds the penalty's gradient; gives the learning rate of the step. */
  press(run: { readonly learningRate: number; readonly step: number; readonly steps: number }): number {
    const [values, gradients] = [this.#network.values(), this.#network.gradients()];
    let norm = 0;
    for (const low of this.#low) {
      let squares = 0;
      for (const place of low) {
        const value = values[place] ?? 0;
        norm += Math.abs(value);
        squares += value ** 2;
      }
      if (squares === 0) continue;
      const pull = this.#extrusion.penalty / Math.sqrt(squares);
      for (const place of low) gradients[place] = (gradients[place] ?? 0) + pull * (values[place] ?? 0);
    }
    return extrusionRate(this.#extrusion, { ...run, norm });
  }
}
