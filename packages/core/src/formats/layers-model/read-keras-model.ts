import { GRAPH_LIMITS } from '../../graph/check-graph.js';
import { EspalierError } from '../../errors.js';
import { isList, isObject, listAt, malformed, objectAt, textAt, type JsonObject } from './json.js';
import { IDENTITY, type KerasCall, type KerasLayer, type KerasModel } from './keras-model.js';

/** Models inside models that are opened up at most. */
const MAX_DEPTH = 16;

/** A call of a layer, read from a file: names, not keys yet. */
interface RawCall {
  readonly key: string;
  readonly layer: JsonObject;
  readonly inputs: readonly string[];
}

/** Position in a model that is being read. */
interface Scope {
  /** Before every key of this model. */
  readonly prefix: string;
  /** Calls of the model itself, by whatever is around it. */
  readonly calls: number;
  readonly depth: number;
  /** Calls that the whole file may still have: models called twice inside models called twice grow without end. */
  readonly budget: { left: number };
}

/**
 * The layers of a `model.json` (or of Keras's own JSON) of Keras 2, Keras 3 or tfjs, Sequential or
 * Functional.
 * @throws EspalierError `malformed_message` when it is not such a file; `op_unsupported` when it is a graph
 * model.
 */
export function readKerasModel(modelJson: unknown): KerasModel {
  const file = objectAt(modelJson, 'model.json');
  if (file.format === 'graph-model') {
    throw new EspalierError(
      'op_unsupported',
      'model.json is a TensorFlow graph model; expected a layers model: convert with --output_format=tfjs_layers_model',
    );
  }
  const topology = objectAt(file.modelTopology ?? file, 'modelTopology');
  const model = objectAt(topology.model_config ?? topology, 'model_config');
  return readModel(model, { prefix: '', calls: 1, depth: 0, budget: { left: GRAPH_LIMITS.nodes } });
}

function readModel(model: JsonObject, scope: Scope): KerasModel {
  if (scope.depth > MAX_DEPTH)
    throw malformed(`it has models inside models, more than ${String(MAX_DEPTH)} deep`);
  const className = textAt(model.class_name, 'the class_name of the model');
  if (className === 'Sequential') return readSequential(model, scope);
  if (isFunctional(className)) return readFunctional(model, scope);
  throw malformed(`its class_name is ${className}; expected Sequential, Functional or Model`);
}

function readSequential(model: JsonObject, scope: Scope): KerasModel {
  // Keras before 2.2.3 wrote the bare list of layers.
  const config = isList(model.config)
    ? { layers: model.config }
    : objectAt(model.config, 'the model’s config');
  const layers = listAt(config.layers, 'the model’s layers').map((layer) => objectAt(layer, 'a layer'));
  const stack = layers[0]?.class_name === 'InputLayer' ? layers : [firstInput(config, layers), ...layers];
  const calls = stack.map((layer, i) => ({
    key: callKey(scope, `${String(i)}:${layerName(layer)}`, 0),
    layer,
    inputs: i === 0 ? [] : [callKey(scope, `${String(i - 1)}:${layerName(stack[i - 1] ?? {})}`, 0)],
  }));
  const ends = { inputs: [calls[0]?.key ?? ''], outputs: [calls.at(-1)?.key ?? ''] };
  return { name: modelName(config), calls: calls.flatMap((call) => opened(call, 1, scope)), ...ends };
}

/**
 * A sequential model without an input layer gives its input shape at its first layer, or on the model itself
 * (Keras 3).
 */
function firstInput(config: JsonObject, layers: readonly JsonObject[]): JsonObject {
  const shape = shapeBefore(layers[0], 0) ?? config.build_input_shape;
  return { class_name: 'InputLayer', config: { name: 'input', batch_shape: shape } };
}

function shapeBefore(layer: JsonObject | undefined, depth: number): unknown {
  const config = isList(layer?.config) ? { layers: layer.config } : layer?.config;
  if (!isObject(config) || depth > MAX_DEPTH) return undefined;
  const own = config.batch_shape ?? config.batch_input_shape;
  if (own !== undefined) return own;
  if (isList(config.input_shape)) return [null, ...config.input_shape];
  if (!isList(config.layers)) return undefined;
  const first = config.layers.find((inner) => isObject(inner) && inner.class_name === 'InputLayer');
  const inner = first ?? config.layers[0];
  return isObject(inner) ? shapeBefore(inner, depth + 1) : undefined;
}

function readFunctional(model: JsonObject, scope: Scope): KerasModel {
  const config = objectAt(model.config, 'the model’s config');
  const layers = listAt(config.layers, 'the model’s layers').map((layer) => objectAt(layer, 'a layer'));
  const calls = layers.flatMap((layer) => {
    const nodes = listAt(layer.inbound_nodes ?? [], `inbound_nodes of ${layerName(layer)}`);
    const calledWith = nodes.length === 0 ? [[]] : nodes;
    const raw = calledWith.map((node, i) => ({
      key: callKey(scope, layerName(layer), i),
      layer,
      inputs: tensorRefs(node, scope, 0),
    }));
    return raw.flatMap((call) => opened(call, raw.length, scope));
  });
  return {
    name: modelName(config),
    calls,
    inputs: tensorRefs(config.input_layers, scope, 0),
    outputs: tensorRefs(config.output_layers, scope, 0),
  };
}

/** The call itself, or, where the layer is a model, that model's calls between two that hand on input and output. */
function opened({ key, layer, inputs }: RawCall, ownCalls: number, scope: Scope): readonly KerasCall[] {
  if (scope.budget.left-- <= 0)
    throw malformed(`it calls layers more than ${String(GRAPH_LIMITS.nodes)} times`);
  const className = textAt(layer.class_name, `the class_name of layer ${layerName(layer)}`);
  const calls = ownCalls * scope.calls;
  if (className !== 'Sequential' && !isFunctional(className)) {
    return [{ key, layer: { ...named(layer), className, calls }, inputs }];
  }
  const inner = readModel(layer, { ...scope, prefix: `${key}/`, calls, depth: scope.depth + 1 });
  const identity: KerasLayer = { ...named(layer), className: IDENTITY, config: {}, calls: 1 };
  const feeds = new Map(inner.inputs.map((input, i) => [input, inputs[i]]));
  const body = inner.calls.map((call): KerasCall => {
    const feed = feeds.get(call.key);
    return feed === undefined ? call : { key: call.key, layer: identity, inputs: [feed] };
  });
  return [...body, { key, layer: identity, inputs: inner.outputs }];
}

function named(layer: JsonObject): Pick<KerasLayer, 'name' | 'config'> {
  return { name: layerName(layer), config: isObject(layer.config) ? layer.config : {} };
}

/** Every reference to a tensor in a call's arguments, in order, as keys of calls. */
function tensorRefs(value: unknown, scope: Scope, depth: number): readonly string[] {
  if (depth > MAX_DEPTH) throw malformed('the arguments of a layer are nested too deeply');
  if (isObject(value)) {
    // Keras 3 writes {class_name: '__keras_tensor__', config: {keras_history: [layer, call, output]}}.
    if (isObject(value.config) && value.config.keras_history !== undefined) {
      return tensorRefs(value.config.keras_history, scope, depth + 1);
    }
    return Object.values(value).flatMap((inner) => tensorRefs(inner, scope, depth + 1));
  }
  if (!isList(value)) return [];
  const [layer, call, output, kwargs] = value;
  if (typeof layer === 'string' && typeof call === 'number' && typeof output === 'number') {
    return [callKey(scope, layer, call), ...tensorRefs(kwargs, scope, depth + 1)];
  }
  return value.flatMap((inner) => tensorRefs(inner, scope, depth + 1));
}

function callKey({ prefix }: Scope, layer: string, call: number): string {
  return `${prefix}${layer}#${String(call)}`;
}

function layerName(layer: JsonObject): string {
  const own = isObject(layer.config) ? layer.config.name : undefined;
  const name = layer.name ?? own ?? layer.class_name;
  return textAt(name, 'the name of a layer');
}

function modelName({ name }: JsonObject): string {
  return typeof name === 'string' ? name : 'model';
}

function isFunctional(className: string): boolean {
  return className === 'Functional' || className === 'Model';
}
