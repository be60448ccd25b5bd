import { checkGraph, GRAPH_LIMITS } from '../../graph/check-graph.js';
import type { GraphNode, ModelGraph } from '../../graph/model-graph.js';
import { checkState, type ModelState } from '../../params/model-state.js';
import { unsupportedError, type LayerProblem } from '../layers-model/unsupported.js';
import { IMPORT_RULES } from './import-rules.js';
import { OnnxDraft } from './onnx-draft.js';
import { malformedOnnx, OnnxTurn, UnsupportedNode } from './onnx-turn.js';
import type { OnnxModel, OnnxNode } from './onnx-model.js';

/** A network out of an ONNX file. */
export interface ImportedOnnx {
  readonly graph: ModelGraph;
  readonly state: ModelState;
  /** True where the file's output went through a softmax; the graph's are the logits. */
  readonly softmax: boolean;
}

/**
 * The network of an ONNX model of the supported operations: Conv, Gemm, MatMul with a constant (and the Add
 * behind it), BatchNormalization, Relu, Clip to 0…6, Add and Sum, Concat of channels, MaxPool, AveragePool,
 * their global forms, Flatten and Reshape to one, Softmax at the end, and Identity and Dropout, which do
 * nothing. Images are channels first.
 * @throws EspalierError `op_unsupported` naming every node that cannot be imported, and why;
 * `malformed_message` for an inconsistent model; `invalid_graph`, `invalid_params`.
 */
export function importOnnx(model: OnnxModel): ImportedOnnx {
  if (model.nodes.length > GRAPH_LIMITS.nodes) {
    throw malformedOnnx(`it has ${model.nodes.length} nodes, more than ${GRAPH_LIMITS.nodes}`);
  }
  const draft = new OnnxDraft(new Map(model.constants.map((constant) => [constant.name, constant])));
  addInput(model, draft);
  const problems: LayerProblem[] = [];
  const lost = new Set<string>();
  for (const node of model.nodes) {
    // A node that reads the output of one that cannot be imported is not a problem of its own.
    const reads = node.inputs.some((name) => lost.has(name));
    const problem = reads ? null : takeOver(node, draft);
    if (problem) problems.push(problem);
    if (problem || reads) for (const output of node.outputs) lost.add(output);
  }
  if (problems.length > 0) throw unsupportedError(problems, 'take over from ONNX');
  const output = draft.sources.get(model.outputs[0]?.name ?? '');
  if (output === undefined || model.outputs.length !== 1)
    throw malformedOnnx(`it has ${model.outputs.length} outputs that nodes give, expected one`);
  const graph = {
    name: draft.nameFor(model.name, 'onnx'),
    nodes: reached(draft.nodes, output.node),
    output: output.node,
    blocks: [],
  };
  checkGraph(graph);
  const names = new Set(graph.nodes.map(({ name }) => name));
  const params = new Map(
    [...draft.params].filter(([name]) => names.has(name.slice(0, name.lastIndexOf('/')))),
  );
  const moments = new Map([...draft.moments].filter(([name]) => names.has(name)));
  const state = { params, moments };
  checkState(graph, state);
  return { graph, state, softmax: draft.softmax };
}

function addInput({ inputs, constants }: OnnxModel, draft: OnnxDraft): void {
  const known = new Set(constants.map(({ name }) => name));
  const open = inputs.filter(({ name }) => !known.has(name));
  const [input] = open;
  if (input === undefined || open.length !== 1)
    throw malformedOnnx(`it has ${open.length} inputs, expected one`);
  const extents = input.dims.slice(1);
  if (!extents.every((extent) => extent !== null) || ![1, 3].includes(extents.length)) {
    throw malformedOnnx(
      `its input ${input.name} is [${input.dims.join(', ')}], expected [N, channels, height, width] or [N, features]`,
    );
  }
  const [channels = 1, height = 1, width = 1] = extents;
  const shape = extents.length === 3 ? [height, width, channels] : [channels];
  const name = draft.nameFor(input.name, 'input');
  draft.nodes.push({ op: 'input', name, inputs: [], shape });
  draft.sources.set(input.name, { node: name, channelsFirst: null });
}

/** Imports a node; gives the problem that prevents it, or null. */
function takeOver(node: OnnxNode, draft: OnnxDraft): LayerProblem | null {
  const rule = IMPORT_RULES.get(node.op);
  const layer = node.name === '' ? (node.outputs[0] ?? '?') : node.name;
  try {
    if (!rule) throw new UnsupportedNode('');
    rule(new OnnxTurn(node, draft));
    return null;
  } catch (error) {
    if (!(error instanceof UnsupportedNode)) throw error;
    return { layer, className: node.op, reason: error.message };
  }
}

/** Nodes that lead to the output. */
function reached(nodes: readonly GraphNode[], output: string): readonly GraphNode[] {
  const needed = new Set([output]);
  for (const { name, inputs } of [...nodes].reverse()) {
    if (needed.has(name)) for (const input of inputs) needed.add(input);
  }
  return nodes.filter(({ name, op }) => needed.has(name) || op === 'input');
}
