import type { Normalization } from '../../data/batches.js';
import { EspalierError } from '../../errors.js';
import { isPlain, type ExplicitPadding, type ModelGraph } from '../../graph/model-graph.js';
import { plainOp } from '../../graph/plain-ops.js';
import { inferShapes, numClasses } from '../../graph/shapes.js';
import type { Mask } from '../../mask/mask.js';
import { checkState, type ModelState } from '../../params/model-state.js';
import { applyMask } from '../../params/pack.js';
import { draftOf, plain, type LayerDraft } from './export-nodes.js';
import type { InboundTensor, LayerJson, LayersModelJson } from './layers-model-json.js';
import { toLittleEndian } from './little-endian.js';
import { UnsupportedLayer, unsupportedError, type LayerProblem } from './unsupported.js';

/** Optional contents of an exported model besides its layers. */
export interface ExportLayersModelOptions {
  /** End in a softmax, so that predictions are probabilities; default false, logits. */
  readonly softmax?: boolean;
  /** Written to `userDefinedMetadata`; label i is classes[i]. */
  readonly classes?: readonly string[];
  /** Written to `userDefinedMetadata`: the normalisation that images need before they enter the model. */
  readonly normalization?: Normalization;
}

/** A `model.json` and the one weights file that its manifest names. */
export interface ExportedLayersModel {
  readonly modelJson: LayersModelJson;
  readonly weightData: Uint8Array;
}

/** A layer with its place in the model. */
interface PlacedLayer extends LayerDraft {
  readonly name: string;
  readonly inputs: readonly string[];
}

/** The weights file that {@link exportLayersModel} names. */
export const WEIGHTS_FILE = 'group1-shard1of1.bin';

/**
 * The network as a Functional model that `tf.loadLayersModel` and Keras 2 load: a layer per node, of the node's name;
 * explicit padding as a ZeroPadding2D before it (`<name>.pad`); depthwise convolutions as DepthwiseConv2D. Weights
 * outside the mask are written as 0 (null: all are kept). Predicts the logits unless `softmax` is asked for.
 * @throws EspalierError `op_unsupported` naming every node that tfjs-layers has no layer for: convolutions with groups
 * other than depthwise, and pools padded by explicit pixels where zeros are not the same; `invalid_params`,
 * `invalid_mask`, `invalid_graph`, and `invalid_argument` when there are not as many classes as logits.
 */
export function exportLayersModel(
  graph: ModelGraph,
  state: ModelState,
  mask: Mask | null,
  options: ExportLayersModelOptions = {},
): ExportedLayersModel {
  checkState(graph, state);
  checkClasses(graph, options.classes);
  const masked = { params: applyMask(graph, mask, state.params), moments: state.moments };
  const layers = placedLayers(graph, masked);
  const end = graph.output;
  const softmax = {
    ...plain('Activation', { activation: 'softmax' }),
    name: freeName('softmax', graph),
    inputs: [end],
  };
  const all = options.softmax === true ? [...layers, softmax] : layers;
  const weights = all.flatMap((layer) => layer.weights.map((weight) => ({ layer: layer.name, ...weight })));
  return {
    modelJson: {
      format: 'layers-model',
      generatedBy: 'Espalier',
      convertedBy: null,
      modelTopology: topology(graph, all, options.softmax === true ? softmax.name : end),
      weightsManifest: [
        {
          paths: [WEIGHTS_FILE],
          weights: weights.map(({ layer, role, shape }) => ({
            name: `${layer}/${role}`,
            shape,
            dtype: 'float32',
          })),
        },
      ],
      userDefinedMetadata: {
        ...(options.classes === undefined ? {} : { classes: options.classes }),
        ...(options.normalization === undefined ? {} : { normalization: options.normalization }),
      },
    },
    weightData: toLittleEndian(weights.map(({ values }) => values)),
  };
}

function checkClasses(graph: ModelGraph, classes: readonly string[] | undefined): void {
  const count = numClasses(graph);
  if (classes === undefined || classes.length === count) return;
  throw new EspalierError(
    'invalid_argument',
    `got ${String(classes.length)} class names, the graph ${graph.name} has ${String(count)} logits`,
  );
}

function placedLayers(graph: ModelGraph, state: ModelState): readonly PlacedLayer[] {
  const shapes = inferShapes(graph);
  const nonNegative = nonNegativeNodes(graph);
  const problems: LayerProblem[] = [];
  const layers = graph.nodes.flatMap((node): PlacedLayer[] => {
    const [first = ''] = node.inputs;
    try {
      const draft = draftOf(node, {
        input: shapes.get(first) ?? [],
        nonNegative: nonNegative.has(first),
        state,
      });
      return withZeros({ ...draft, name: node.name, inputs: node.inputs }, graph).flatMap((layer) =>
        withDistinctInputs(layer, graph),
      );
    } catch (error) {
      if (!(error instanceof UnsupportedLayer)) throw error;
      problems.push({ layer: node.name, className: node.op, reason: error.message });
      return [];
    }
  });
  if (problems.length > 0) throw unsupportedError(problems, 'write');
  return layers;
}

function withZeros(layer: PlacedLayer, graph: ModelGraph): PlacedLayer[] {
  if (layer.zeros === null) return [layer];
  const { top, bottom, left, right }: ExplicitPadding = layer.zeros;
  const padding = [
    [top, bottom],
    [left, right],
  ];
  const name = freeName(`${layer.name}.pad`, graph);
  const pad = {
    ...plain('ZeroPadding2D', { padding, data_format: 'channels_last' }),
    name,
    inputs: layer.inputs,
  };
  return [pad, { ...layer, inputs: [name] }];
}

/** tfjs frees a tensor too early where a layer reads it twice, so the second reading goes through a layer of its own. */
function withDistinctInputs(layer: PlacedLayer, graph: ModelGraph): PlacedLayer[] {
  const copies: PlacedLayer[] = [];
  const inputs = layer.inputs.map((input, i) => {
    if (layer.inputs.indexOf(input) === i) return input;
    const name = freeName(`${layer.name}.copy${String(i)}`, graph);
    copies.push({ ...plain('Activation', { activation: 'linear' }), name, inputs: [input] });
    return name;
  });
  return [...copies, { ...layer, inputs }];
}

/** Nodes whose output is never below 0. */
function nonNegativeNodes({ nodes }: ModelGraph): ReadonlySet<string> {
  const found = new Set<string>();
  for (const node of nodes) {
    const hands = isPlain(node) || node.op === 'maxPool' || node.op === 'avgPool';
    const always = isPlain(node) && plainOp(node.op).nonNegative;
    if (always || (hands && node.inputs.every((input) => found.has(input)))) found.add(node.name);
  }
  return found;
}

function freeName(wished: string, { nodes }: ModelGraph): string {
  const taken = new Set(nodes.map(({ name }) => name));
  let name = wished;
  while (taken.has(name)) name = `${name}_`;
  return name;
}

function topology(
  graph: ModelGraph,
  layers: readonly PlacedLayer[],
  output: string,
): LayersModelJson['modelTopology'] {
  return {
    keras_version: '2.15.0',
    backend: 'tensorflow',
    model_config: {
      class_name: 'Functional',
      config: {
        name: graph.name,
        layers: layers.map(layerJson),
        input_layers: [[layers[0]?.name ?? '', 0, 0]],
        output_layers: [[output, 0, 0]],
      },
    },
  };
}

function layerJson({ className, name, config, inputs }: PlacedLayer): LayerJson {
  const tensors = inputs.map((input): InboundTensor => [input, 0, 0, {}]);
  return {
    class_name: className,
    name,
    config: { name, trainable: true, ...config },
    inbound_nodes: tensors.length === 0 ? [] : [tensors],
  };
}
