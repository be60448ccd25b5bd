import { EspalierError, maskableSpecs, type ModelGraph, type ParamSpec } from '@espalier/core';
import { malformed } from '../failure.js';

/**
 * Knowledge that both ends share before a message is coded: the job's graph. Layers travel as positions in
 * its list of maskable parameters, moments as plain values in its order, and nothing larger than the graph is
 * ever allocated.
 */
export interface WireContext {
  /** Null at a client that has not read the challenge; messages that need a graph are then malformed. */
  readonly graph: ModelGraph | null;
  /** Maskable parameters in canonical order. */
  readonly layers: readonly ParamSpec[];
  /** Position in `layers` by parameter name. */
  readonly positions: ReadonlyMap<string, number>;
}

/** The context of a job's graph; null before it is known. @throws EspalierError `invalid_graph`. */
export function wireContext(graph: ModelGraph | null): WireContext {
  const layers = graph === null ? [] : maskableSpecs(graph);
  return { graph, layers, positions: new Map(layers.map(({ name }, position) => [name, position])) };
}

/** The graph. @throws EspalierError `malformed_message` when it is not known yet. */
export function knownGraph({ graph }: WireContext): ModelGraph {
  if (graph !== null) return graph;
  throw malformed('this message came before the challenge that carries the graph');
}

/** Position of a layer by its name. @throws EspalierError `invalid_argument` when it is not maskable. */
export function positionOf(context: WireContext, name: string): number {
  const position = context.positions.get(name);
  if (position !== undefined) return position;
  throw new EspalierError('invalid_argument', `${name} is not a maskable parameter of the graph`, { name });
}

/** The layer at a position. @throws EspalierError `malformed_message`. */
export function layerAt(context: WireContext, position: number | undefined): ParamSpec {
  const layer = context.layers[position ?? 0];
  if (layer !== undefined) return layer;
  throw malformed(`layer ${position ?? 0} of ${context.layers.length} maskable layers`, {
    layers: context.layers.length,
  });
}
