import type { Normalization } from '../../data/batches.js';
import { EspalierError } from '../../errors.js';
import { checkGraph, GRAPH_LIMITS } from '../../graph/check-graph.js';
import type { ModelGraph } from '../../graph/model-graph.js';
import { inputShape, numClasses, sizeOf } from '../../graph/shapes.js';
import { checkState, type ModelState } from '../../params/model-state.js';
import { GraphBuilder } from './graph-builder.js';
import { isList, isObject, malformed } from './json.js';
import type { KerasCall, KerasModel } from './keras-model.js';
import { LAYER_RULES } from './layer-rules.js';
import type { LayerRule } from './layer-turn.js';
import { readKerasModel } from './read-keras-model.js';
import { inOrder } from './topological-order.js';
import { UnsupportedLayer, unsupportedError, type LayerProblem } from './unsupported.js';
import { isPadded, type Value } from './value.js';
import { readWeightsManifest } from './weights-manifest.js';
import { WeightStore, type LayersModelWeights } from './weight-store.js';

/** A Keras or tfjs model as Espalier sees it. */
export interface ImportedLayersModel {
  readonly graph: ModelGraph;
  readonly state: ModelState;
  /** Label i is classes[i], if the file lists them (`userDefinedMetadata.classes`); otherwise null. */
  readonly classes: readonly string[] | null;
  /**
   * Normalisation that images need before they enter, if the file states one
   * (`userDefinedMetadata.normalization`); otherwise null.
   */
  readonly normalization: Normalization | null;
  /** True when the model ended in a softmax, which the graph leaves to the loss. */
  readonly softmax: boolean;
}

/**
 * Reads a network from a `model.json` of Keras 2, Keras 3 or tfjs (Sequential or Functional) and its weight
 * files. Dropout is dropped, and so is a final softmax (`softmax` says so); ZeroPadding2D is merged into the
 * padding of the layer after it; a separable convolution becomes two. The graph has no blocks: each maskable
 * layer is its own.
 * @throws EspalierError `op_unsupported` naming every layer that cannot be imported and why;
 * `malformed_message` for a file that is not a layers model, or weight files that are missing, short or long;
 * `invalid_params` for weights that are missing, of another shape or not finite; `invalid_graph` for a model
 * that is not a classifier.
 */
export function importLayersModel(modelJson: unknown, weights: LayersModelWeights): ImportedLayersModel {
  const model = readKerasModel(modelJson);
  const problems = layerProblems(model);
  if (problems.length > 0) throw unsupportedError(problems, 'take over');
  const builder = new GraphBuilder();
  const output = build(model, builder, new WeightStore(readWeightsManifest(modelJson), weights));
  const graph: ModelGraph = {
    name: model.name.replace(/[^\w.\-/]/g, '_').slice(0, 100),
    nodes: builder.nodes,
    output: output.node,
    blocks: [],
  };
  checkGraph(graph);
  const state = builder.state();
  checkState(graph, state);
  return { graph, state, ...metadataOf(modelJson, graph), softmax: output.softmax };
}

/** Problems of the layers that are visible without knowing their inputs. */
function layerProblems({ calls, inputs, outputs }: KerasModel): readonly LayerProblem[] {
  const ends: LayerProblem[] = [
    { what: 'inputs', keys: inputs },
    { what: 'outputs', keys: outputs },
  ]
    .filter(({ keys }) => keys.length !== 1)
    .map(({ what, keys }) => ({
      layer: 'the model',
      className: 'Model',
      reason: `has ${String(keys.length)} ${what}, expected one`,
    }));
  const seen = new Set<string>();
  const ofLayers = calls.flatMap(({ layer: { name, className, config, calls: count } }): LayerProblem[] => {
    const rule = LAYER_RULES.get(className);
    const problem = (reason: string): LayerProblem[] => [{ layer: name, className, reason }];
    if (count > 1 && seen.has(name)) return [];
    seen.add(name);
    if (rule === undefined) return problem('');
    if (rule.weighted && count > 1) return problem(`called ${String(count)} times, which shares its weights`);
    const reason = reasonAgainst(() => {
      rule.check(config);
    });
    return reason === null ? [] : problem(reason);
  });
  return [...ofLayers, ...ends];
}

/** Builds every call; a call whose input could not be built is skipped, so that all problems are found. */
function build(model: KerasModel, builder: GraphBuilder, weights: WeightStore): Value {
  const problems: LayerProblem[] = [];
  const values = new Map<string, Value>();
  for (const call of inOrder(model.calls)) {
    const inputs = call.inputs.flatMap((key) => values.get(key) ?? []);
    if (inputs.length < call.inputs.length) continue;
    const { name, className, config } = call.layer;
    const reason = reasonAgainst(() => {
      checkSoftmax(call, inputs);
      const value = ruleOf(call).build({ layer: name, config, inputs, weights, builder });
      if (sizeOf(value.shape) > GRAPH_LIMITS.activations) {
        throw new UnsupportedLayer(`gives [${String(value.shape)}], which no device can hold`);
      }
      values.set(call.key, value);
    });
    if (reason !== null) problems.push({ layer: name, className, reason });
  }
  if (problems.length > 0) throw unsupportedError(problems, 'take over');
  const output = values.get(model.outputs[0] ?? '');
  if (output === undefined) throw malformed(`its output ${String(model.outputs[0])} is no layer of it`);
  if (isPadded(output)) throw malformed('its output is a ZeroPadding2D');
  return output;
}

/** Only layers that change nothing may follow a softmax. */
function checkSoftmax({ layer: { className } }: KerasCall, inputs: readonly Value[]): void {
  const harmless = ['Identity', 'Dropout', 'Flatten', 'Reshape'].includes(className);
  if (!harmless && inputs.some(({ softmax }) => softmax)) {
    throw new UnsupportedLayer('a softmax stands before it, which only the model’s end may have');
  }
}

function ruleOf({ layer: { className } }: KerasCall): LayerRule {
  const rule = LAYER_RULES.get(className);
  if (rule === undefined) throw new EspalierError('internal', `no rule for ${className}`);
  return rule;
}

function reasonAgainst(attempt: () => void): string | null {
  try {
    attempt();
    return null;
  } catch (error) {
    if (error instanceof UnsupportedLayer) return error.message;
    throw error;
  }
}

function metadataOf(
  modelJson: unknown,
  graph: ModelGraph,
): Pick<ImportedLayersModel, 'classes' | 'normalization'> {
  const metadata = isObject(modelJson) ? modelJson.userDefinedMetadata : undefined;
  if (!isObject(metadata)) return { classes: null, normalization: null };
  const names = metadata.classes ?? metadata.labels;
  const { mean, std } = isObject(metadata.normalization) ? metadata.normalization : {};
  const channels = inputShape(graph).at(-1) ?? 0;
  const normalizes = isNumbers(mean, channels) && isNumbers(std, channels) && std.every((value) => value > 0);
  return {
    classes: isTexts(names, numClasses(graph)) ? names : null,
    normalization: normalizes ? { mean, std } : null,
  };
}

function isTexts(value: unknown, count: number): value is readonly string[] {
  return isList(value) && value.length === count && value.every((entry) => typeof entry === 'string');
}

function isNumbers(value: unknown, count: number): value is readonly number[] {
  return isList(value) && value.length === count && value.every((entry) => typeof entry === 'number');
}
