import type { GraphNode } from '../../graph/model-graph.js';
import { plainOp, plainOpsOf, type PlainOpKind } from '../../graph/plain-ops.js';
import type { Source } from './onnx-draft.js';
import { UnsupportedNode, type OnnxTurn } from './onnx-turn.js';

/** Takes one node over, or throws {@link UnsupportedNode}. */
type Rule = (turn: OnnxTurn) => void;

const convRule: Rule = (turn) => {
  const { dims, values } = turn.constant(1);
  const [filters = 0, depth = 0, height = 0, width = 0] = dims;
  if (dims.length !== 4) throw new UnsupportedNode(`its kernel has ${dims.length} axes, not 4`);
  if (turn.ints('dilations', []).some((step) => step !== 1)) throw new UnsupportedNode('is dilated');
  const taps = height * width;
  const kernel = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const [filter, row] = [i % filters, Math.floor(i / filters)];
    kernel[i] = values[(filter * depth + (row % depth)) * taps + Math.floor(row / depth)] ?? 0;
  }
  const useBias = turn.node.inputs.length > 2;
  turn.draft.params.set(`${turn.name}/kernel`, kernel);
  if (useBias) turn.draft.params.set(`${turn.name}/bias`, turn.constant(2).values);
  turn.give({
    op: 'conv2d',
    name: turn.name,
    inputs: [turn.plainSource().node],
    filters,
    kernelSize: [height, width],
    strides: turn.size2('strides', [1, 1]),
    padding: turn.padding(),
    groups: turn.int('group', 1),
    useBias,
  });
};

/** A kernel `[in, out]`, or `[out, in]` where `transposed`, in our order of inputs. */
function denseKernel(
  turn: OnnxTurn,
  source: Source,
  transposed: boolean,
): { kernel: Float32Array; units: number } {
  const { dims, values } = turn.constant(1);
  const [rows = 0, columns = 0] = transposed ? [dims[1], dims[0]] : dims;
  if (dims.length !== 2) throw new UnsupportedNode(`its matrix has ${dims.length} axes, not 2`);
  const { channels, pixels } = source.channelsFirst ?? { channels: rows, pixels: 1 };
  const kernel = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const [row, unit] = [Math.floor(i / columns), i % columns];
    const from = (row % channels) * pixels + Math.floor(row / channels);
    kernel[i] = values[transposed ? unit * rows + from : from * columns + unit] ?? 0;
  }
  return { kernel, units: columns };
}

const gemmRule: Rule = (turn) => {
  if (turn.int('transA', 0) !== 0 || turn.float('alpha', 1) !== 1 || turn.float('beta', 1) !== 1) {
    throw new UnsupportedNode('scales or turns its inputs');
  }
  const source = turn.source();
  const { kernel, units } = denseKernel(turn, source, turn.int('transB', 0) === 1);
  const useBias = turn.node.inputs.length > 2;
  turn.draft.params.set(`${turn.name}/kernel`, kernel);
  if (useBias) {
    const { values } = turn.constant(2);
    turn.draft.params.set(
      `${turn.name}/bias`,
      values.length === 1 ? new Float32Array(units).fill(values[0] ?? 0) : values,
    );
  }
  turn.give({ op: 'dense', name: turn.name, inputs: [source.node], units, useBias });
};

const matMulRule: Rule = (turn) => {
  const source = turn.source();
  const { kernel, units } = denseKernel(turn, source, false);
  turn.draft.params.set(`${turn.name}/kernel`, kernel);
  turn.give({ op: 'dense', name: turn.name, inputs: [source.node], units, useBias: false });
};

/** Two activations, or the bias of the matrix product before. */
const addRule: Rule = (turn) => {
  const places = turn.node.inputs.map((_, place) => place);
  const fixed = places.filter((place) => !turn.isActivation(place));
  if (fixed.length === 0) {
    turn.give({ op: 'add', name: turn.name, inputs: places.map((place) => turn.plainSource(place).node) });
    return;
  }
  const source = turn.plainSource(places.find((place) => turn.isActivation(place)));
  const { values } = turn.constant(fixed[0] ?? 0);
  const at = turn.draft.nodes.findIndex(({ name }) => name === source.node);
  const before = turn.draft.nodes[at];
  if (before?.op !== 'dense' || before.useBias || values.length !== before.units || places.length !== 2) {
    throw new UnsupportedNode('adds a constant to something that is no matrix product');
  }
  turn.draft.nodes[at] = { ...before, useBias: true };
  turn.draft.params.set(`${before.name}/bias`, values);
  turn.alias(source);
};

const normRule: Rule = (turn) => {
  if (turn.int('training_mode', 0) !== 0) throw new UnsupportedNode('is in training mode');
  turn.draft.params.set(`${turn.name}/gamma`, turn.constant(1).values);
  turn.draft.params.set(`${turn.name}/beta`, turn.constant(2).values);
  turn.draft.moments.set(turn.name, { mean: turn.constant(3).values, variance: turn.constant(4).values });
  const epsilon = turn.float('epsilon', 1e-5);
  turn.give({
    op: 'batchNorm',
    name: turn.name,
    inputs: [turn.plainSource().node],
    epsilon,
    initialGamma: 1,
  });
};

const clipRule: Rule = (turn) => {
  const limit = (place: number, name: string): number | undefined =>
    turn.anyConstant(place)?.values[0] ?? turn.float(name, NaN);
  if (limit(1, 'min') !== 0 || limit(2, 'max') !== 6)
    throw new UnsupportedNode('clips to other limits than 0 and 6');
  elementwise('relu6')(turn);
};

/** Activations keep the order of a flattened image. */
function elementwise(op: 'relu' | 'relu6'): Rule {
  return (turn) => {
    const source = turn.source();
    turn.give({ op, name: turn.name, inputs: [source.node] }, source.channelsFirst);
  };
}

function poolRule(op: 'maxPool' | 'avgPool'): Rule {
  return (turn) => {
    const padding = turn.padding();
    if (turn.int('ceil_mode', 0) !== 0) throw new UnsupportedNode('rounds its extents up (ceil_mode)');
    if (turn.ints('dilations', []).some((step) => step !== 1)) throw new UnsupportedNode('is dilated');
    if (op === 'avgPool' && padding !== 'valid' && turn.int('count_include_pad', 0) !== 0)
      throw new UnsupportedNode('counts padding in its mean');
    const node: GraphNode = {
      op,
      name: turn.name,
      inputs: [turn.plainSource().node],
      poolSize: turn.size2('kernel_shape'),
      strides: turn.size2('strides', [1, 1]),
      padding,
    };
    turn.give(node);
  };
}

function globalRule(op: PlainOpKind): Rule {
  return (turn) => {
    turn.give({ op, name: turn.name, inputs: [turn.plainSource().node] });
  };
}

const concatRule: Rule = (turn) => {
  const inputs = turn.node.inputs.map((_, place) => turn.plainSource(place));
  const rank = inputs[0] ? turn.shapeOf(inputs[0]).length + 1 : 0;
  const axis = turn.int('axis', 1);
  if ((axis < 0 ? axis + rank : axis) !== 1)
    throw new UnsupportedNode(`joins along axis ${axis}, not the channels`);
  turn.give({ op: 'concat', name: turn.name, inputs: inputs.map(({ node }) => node) });
};

const transposeRule: Rule = (turn) => {
  if (String(turn.ints('perm', [])) !== '0,2,3,1')
    throw new UnsupportedNode(`turns axes to [${String(turn.ints('perm', []))}]`);
  turn.alias({ ...turn.plainSource(), turned: true });
};

const flattenRule: Rule = (turn) => {
  if (turn.int('axis', 1) !== 1) throw new UnsupportedNode(`flattens from axis ${turn.int('axis', 1)}`);
  flatten(turn);
};

const reshapeRule: Rule = (turn) => {
  const shape = turn.anyConstant(1)?.values;
  if (shape?.length !== 2) throw new UnsupportedNode('reshapes to something other than [N, features]');
  flatten(turn);
};

function flatten(turn: OnnxTurn): void {
  const source = turn.source();
  const [height, width, channels] = turn.shapeOf(source);
  if (width === undefined || channels === undefined || height === undefined) {
    turn.alias(source);
    return;
  }
  const pixels = height * width;
  const isOurs = source.turned === true || pixels === 1 || channels === 1;
  turn.give({ op: 'flatten', name: turn.name, inputs: [source.node] }, isOurs ? null : { channels, pixels });
}

const same: Rule = (turn) => {
  turn.alias(turn.source());
};

/** By operation. */
export const IMPORT_RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    Conv: convRule,
    Gemm: gemmRule,
    MatMul: matMulRule,
    Add: addRule,
    Sum: addRule,
    BatchNormalization: normRule,
    Relu: elementwise('relu'),
    Clip: clipRule,
    MaxPool: poolRule('maxPool'),
    AveragePool: poolRule('avgPool'),
    ...Object.fromEntries(plainOpsOf('globalPool').map((op) => [plainOp(op).onnx.op, globalRule(op)])),
    Concat: concatRule,
    Transpose: transposeRule,
    Flatten: flattenRule,
    Reshape: reshapeRule,
    Identity: same,
    Dropout: same,
    Softmax: (turn) => {
      turn.draft.noteSoftmax();
      same(turn);
    },
    Constant: (turn) => {
      const value = turn.node.attributes['value'];
      if (value?.kind !== 'tensor') throw new UnsupportedNode('is no tensor');
      const name = turn.node.outputs[0] ?? '';
      turn.draft.constants.set(name, { ...value.value, name });
    },
  } satisfies Record<string, Rule>),
);
