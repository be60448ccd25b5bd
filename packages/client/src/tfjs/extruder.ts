import { extrusionRate, lowPositions, type Extrusion } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import type { LoadedModel } from './loaded-model.js';
import { disposeAll, readFloats } from './tensors.js';

type Tensors = ReadonlyMap<string, tf.Tensor>;

/**
 * Presses on a network's smallest weights while it trains (FedMef's budget-aware extrusion): chosen once, by the weights
 * when it is made. Owns its tensors.
 */
export class Extruder {
  readonly #extrusion: Extrusion;
  /** 1 where a weight is pressed, by layer. */
  readonly #low: Map<string, tf.Tensor>;
  /** λ ÷ ‖w_low‖₂ at the step under way, by layer. */
  readonly #pulls = new Map<string, number>();

  private constructor(extrusion: Extrusion, low: Map<string, tf.Tensor>) {
    this.#extrusion = extrusion;
    this.#low = low;
  }

  /** Chooses the weights to press on. */
  static async create(model: LoadedModel, extrusion: Extrusion): Promise<Extruder> {
    const low = new Map<string, tf.Tensor>();
    for (const layer of extrusion.layers) {
      const tensor = model.params.get(layer)!;
      low.set(
        layer,
        tf.tensor(lowMarks(model, layer, await readFloats(tensor), extrusion.share), tensor.shape),
      );
    }
    return new Extruder(extrusion, low);
  }

  /** Looks at the weights before a step; gives the step's learning rate. */
  async begin(
    params: Tensors,
    run: { readonly learningRate: number; readonly step: number; readonly steps: number },
  ): Promise<number> {
    let norm = 0;
    for (const [layer, low] of this.#low) {
      const pressed = tf.tidy(() => tf.mul(params.get(layer)!, low));
      const values = await readFloats(pressed);
      pressed.dispose();
      let squares = 0;
      for (const value of values) {
        norm += Math.abs(value);
        squares += value ** 2;
      }
      this.#pulls.set(layer, squares === 0 ? 0 : this.#extrusion.penalty / Math.sqrt(squares));
    }
    return extrusionRate(this.#extrusion, { ...run, norm });
  }

  /** The gradient with the penalty's, or the gradient itself for layers that are not pressed; within a `tf.tidy`. */
  added(name: string, weight: tf.Tensor, gradient: tf.Tensor): tf.Tensor {
    const low = this.#low.get(name);
    if (low === undefined) return gradient;
    return tf.add(gradient, tf.mul(tf.mul(weight, low), this.#pulls.get(name) ?? 0));
  }

  dispose(): void {
    disposeAll(this.#low);
  }
}

function lowMarks(model: LoadedModel, layer: string, values: Float32Array, share: number): Float32Array {
  const active = model.mask?.layer(layer)?.active ?? Uint32Array.from(values, (_, i) => i);
  const magnitudes = Float32Array.from(active, (index) => Math.abs(values[index]!));
  const marks = new Float32Array(values.length);
  for (const position of lowPositions(magnitudes, share)) marks[active[position]!] = 1;
  return marks;
}
