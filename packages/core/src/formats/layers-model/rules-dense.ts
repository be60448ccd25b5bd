import { activationOf, countOf, flagOf } from './layer-config.js';
import { shown, type JsonObject } from './json.js';
import {
  activated,
  checkLastAxis,
  keyOf,
  unpaddedInput,
  valueOf,
  type LayerRule,
  type LayerTurn,
} from './layer-turn.js';
import { UnsupportedLayer } from './unsupported.js';
import type { Value } from './value.js';

/** A dense layer; over an image it acts on the channels of each pixel, which is a 1×1 convolution. */
export const dense: LayerRule = {
  weighted: true,
  check: (config) => {
    countOf(config, 'units');
    flagOf(config, 'use_bias', true);
    activationOf(config);
  },
  build: (turn) => {
    const input = unpaddedInput(turn);
    const units = countOf(turn.config, 'units');
    if (input.shape.length === 1 || input.pixel)
      return denseNode(turn, input, units, [input.shape.at(-1) ?? 0, units]);
    const { config } = turn;
    const channels = input.shape[2] ?? 0;
    const node = turn.builder.uniqueName(turn.layer);
    const params = new Map([['kernel', turn.weights.values(keyOf(turn, 'kernel', 0), [channels, units])]]);
    const useBias = flagOf(config, 'use_bias', true);
    if (useBias) params.set('bias', turn.weights.values(keyOf(turn, 'bias', 1), [units]));
    turn.builder.add(
      {
        op: 'conv2d',
        name: node,
        inputs: [input.node],
        filters: units,
        kernelSize: [1, 1],
        strides: [1, 1],
        padding: 'valid',
        groups: 1,
        useBias,
      },
      params,
    );
    const value = valueOf(node, [input.shape[0] ?? 0, input.shape[1] ?? 0, units]);
    return activated(turn.builder, value, activationOf(config), `${node}.activation`);
  },
};

/** Batch norm over the last axis; without `scale` gamma is 1, without `center` beta is 0. */
export const batchNormalization: LayerRule = {
  weighted: true,
  check: (config) => {
    epsilonOf(config);
    flagOf(config, 'center', true);
    flagOf(config, 'scale', true);
  },
  build: (turn) => {
    const input = unpaddedInput(turn);
    checkLastAxis(turn.config, 'axis', input.shape.length);
    const channels = input.shape.at(-1) ?? 0;
    const roles = [
      ...(flagOf(turn.config, 'scale', true) ? ['gamma'] : []),
      ...(flagOf(turn.config, 'center', true) ? ['beta'] : []),
      'moving_mean',
      'moving_variance',
    ];
    const read = (role: string, missing: number): Float32Array =>
      roles.includes(role)
        ? turn.weights.values(keyOf(turn, role, roles.indexOf(role)), [channels])
        : new Float32Array(channels).fill(missing);
    const name = turn.builder.uniqueName(turn.layer);
    turn.builder.add(
      { op: 'batchNorm', name, inputs: [input.node], epsilon: epsilonOf(turn.config), initialGamma: 1 },
      new Map([
        ['gamma', read('gamma', 1)],
        ['beta', read('beta', 0)],
      ]),
    );
    turn.builder.addMoments(name, { mean: read('moving_mean', 0), variance: read('moving_variance', 1) });
    return { ...input, node: name, nonNegative: false };
  },
};

/** A dense layer of the graph, whose kernel the file keeps in that shape. */
export function denseNode(
  turn: LayerTurn,
  input: Value,
  units: number,
  kernelShape: readonly number[],
): Value {
  const { config, weights, builder } = turn;
  const useBias = flagOf(config, 'use_bias', true);
  const params = new Map([['kernel', weights.values(keyOf(turn, 'kernel', 0), kernelShape)]]);
  if (useBias) params.set('bias', weights.values(keyOf(turn, 'bias', 1), [units]));
  const node = builder.uniqueName(turn.layer);
  builder.add({ op: 'dense', name: node, inputs: [input.node], units, useBias }, params);
  const value: Value = { ...input, node, shape: [...input.shape.slice(0, -1), units], nonNegative: false };
  return activated(builder, value, activationOf(config), `${node}.activation`);
}

function epsilonOf(config: JsonObject): number {
  const value = config.epsilon ?? 1e-3;
  if (typeof value === 'number' && value > 0 && value < 1) return value;
  throw new UnsupportedLayer(`epsilon ${shown(value)}`);
}
