import { unreachable, type Optimizer } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { disposeAll } from './tensors.js';

/** One parameter at one step. */
export interface ParameterStep {
  readonly weight: tf.Tensor;
  /** Gradient of the loss, masked: 0 wherever the weight is inactive. */
  readonly gradient: tf.Tensor;
}

/** Applies a step to one parameter at a time and holds its state; inactive weights and their state stay 0. */
export interface ParameterOptimizer {
  /** Called before the parameters of a step, with the step's learning rate. */
  beginStep(learningRate: number): void;
  /** The new weight, which belongs to the caller. */
  update(name: string, step: ParameterStep): tf.Tensor;
  dispose(): void;
}

/** A fresh optimiser. */
export function createOptimizer(optimizer: Optimizer): ParameterOptimizer {
  switch (optimizer.kind) {
    case 'sgd':
      return new Sgd(optimizer.momentum);
    case 'adam':
      return new Adam(optimizer);
    default:
      return unreachable(optimizer);
  }
}

/** `v ← m·v + g`, `w ← w − lr·v` (Polyak 1964, in the form of Sutskever et al. 2013 without the lookahead). */
class Sgd implements ParameterOptimizer {
  readonly #velocities = new Map<string, tf.Tensor>();
  #learningRate = 0;
  readonly #momentum: number;

  constructor(momentum: number) {
    this.#momentum = momentum;
  }

  beginStep(learningRate: number): void {
    this.#learningRate = learningRate;
  }

  update(name: string, { weight, gradient }: ParameterStep): tf.Tensor {
    if (this.#momentum === 0) return tf.tidy(() => tf.sub(weight, tf.mul(gradient, this.#learningRate)));
    const before = this.#velocities.get(name);
    const velocity = before
      ? tf.tidy(() => tf.add(tf.mul(before, this.#momentum), gradient))
      : tf.clone(gradient);
    replace(this.#velocities, name, velocity);
    return tf.tidy(() => tf.sub(weight, tf.mul(velocity, this.#learningRate)));
  }

  dispose(): void {
    disposeAll(this.#velocities);
  }
}

/** Kingma & Ba 2015, algorithm 1, with bias correction. */
class Adam implements ParameterOptimizer {
  readonly #first = new Map<string, tf.Tensor>();
  readonly #second = new Map<string, tf.Tensor>();
  #learningRate = 0;
  readonly #options: Extract<Optimizer, { kind: 'adam' }>;
  #step = 0;

  constructor(options: Extract<Optimizer, { kind: 'adam' }>) {
    this.#options = options;
  }

  beginStep(learningRate: number): void {
    this.#learningRate = learningRate;
    this.#step++;
  }

  update(name: string, { weight, gradient }: ParameterStep): tf.Tensor {
    const { beta1, beta2, epsilon } = this.#options;
    const first = tf.tidy(() => average(this.#first.get(name), gradient, beta1));
    replace(this.#first, name, first);
    const second = tf.tidy(() => average(this.#second.get(name), tf.square(gradient), beta2));
    replace(this.#second, name, second);
    const rate = this.#learningRate / (1 - beta1 ** this.#step);
    const correction = 1 / (1 - beta2 ** this.#step);
    return tf.tidy(() => {
      const spread = tf.add(tf.sqrt(tf.mul(second, correction)), epsilon);
      return tf.sub(weight, tf.div(tf.mul(first, rate), spread));
    });
  }

  dispose(): void {
    disposeAll(this.#first);
    disposeAll(this.#second);
  }
}

/** `kept·before + (1 − kept)·value`, from 0. */
function average(before: tf.Tensor | undefined, value: tf.Tensor, kept: number): tf.Tensor {
  const share = tf.mul(value, 1 - kept);
  return before === undefined ? share : tf.add(tf.mul(before, kept), share);
}

function replace(tensors: Map<string, tf.Tensor>, name: string, tensor: tf.Tensor): void {
  tensors.get(name)?.dispose();
  tensors.set(name, tensor);
}
