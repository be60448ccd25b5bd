import type { Normalization } from '../../data/batches.js';
import type { ModelGraph } from '../../graph/model-graph.js';
import { maskableSpecs } from '../../graph/parameters.js';
import { inputShape, numClasses } from '../../graph/shapes.js';
import { Mask } from '../../mask/mask.js';
import type { ModelState, ParamTree } from '../../params/model-state.js';
import type { ImportedLayersModel } from './import-layers-model.js';

/** An imported model with the other contents of a bundle. */
export interface LayersModelBundle {
  readonly graph: ModelGraph;
  readonly mask: Mask;
  readonly state: ModelState;
  readonly classes: readonly string[];
  readonly normalization: Normalization;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * An imported model in the form of a bundle, for code that takes bundles. The mask holds the weights that are
 * not 0, so that a pruned model shows its density; classes without names are named by their numbers; if the
 * file states no normalisation, images are taken as `value / 255`.
 */
export function layersModelAsBundle(model: ImportedLayersModel): LayersModelBundle {
  const { graph, state, classes, normalization, softmax } = model;
  const channels = inputShape(graph).at(-1) ?? 1;
  return {
    graph,
    state,
    mask: nonZeroMask(graph, state.params),
    classes: classes ?? Array.from({ length: numClasses(graph) }, (_, i) => String(i)),
    normalization: normalization ?? {
      mean: Array<number>(channels).fill(0),
      std: Array<number>(channels).fill(1),
    },
    metadata: { format: 'layers-model', output: softmax ? 'softmax' : 'logits' },
  };
}

/** The mask of the maskable weights that are not 0. */
export function nonZeroMask(graph: ModelGraph, params: ParamTree): Mask {
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => ({
      name,
      size,
      active: nonZeroIndices(params.get(name) ?? new Float32Array(size)),
    })),
  );
}

function nonZeroIndices(values: Float32Array): Uint32Array {
  const found = new Uint32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) found[count++] = i;
  return found.slice(0, count);
}
