import Table from 'cli-table3';
import { alwaysDenseCount, inputShape, parameterSpecs } from '@espalier/core';
import { forwardMacs } from '@espalier/core/report';
import { modelHash, type ModelBundle } from '@espalier/proto';
import { amount, bytes } from './terminal.js';

/** A parameter in figures. */
export interface LayerDescription {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  /** Active weights; all of them where the parameter is not maskable. */
  readonly active: number;
  readonly maskable: boolean;
}

/** A bundle in figures. */
export interface ModelDescription {
  readonly model: string;
  readonly input: readonly number[];
  readonly classes: readonly string[];
  readonly hash: string;
  readonly mask: { readonly version: number; readonly hash: string; readonly parent: string | null };
  readonly density: { readonly maskable: number; readonly all: number };
  readonly parameters: { readonly active: number; readonly all: number };
  /** Multiply-accumulates of one sample forward, counted by the mask, and dense. */
  readonly macs: { readonly sparse: number; readonly dense: number };
  readonly fileBytes: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly layers: readonly LayerDescription[];
}

/** Everything `espalier inspect` says of a bundle. */
export function describeModel(bundle: ModelBundle, fileBytes: number): ModelDescription {
  const { graph, mask, state, classes, metadata } = bundle;
  const dense = alwaysDenseCount(graph);
  const all = mask.size + dense;
  return {
    model: graph.name,
    input: inputShape(graph),
    classes,
    hash: modelHash(graph, mask, state),
    mask: { version: mask.version, hash: mask.hash, parent: mask.parent },
    density: { maskable: mask.density, all: (mask.activeCount + dense) / all },
    parameters: { active: mask.activeCount + dense, all },
    macs: { sparse: forwardMacs(graph, mask).total, dense: forwardMacs(graph, null).total },
    fileBytes,
    metadata,
    layers: parameterSpecs(graph).map(({ name, shape, size, maskable }) => ({
      name,
      shape,
      size,
      active: mask.layer(name)?.active.length ?? size,
      maskable,
    })),
  };
}

/** The same for people. */
export function modelText(description: ModelDescription): string {
  const { model, input, classes, hash, mask, density, parameters, macs, fileBytes } = description;
  const table = new Table({
    head: ['parameter', 'shape', 'weights', 'active', 'density'],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right', 'right'],
  });
  for (const layer of description.layers) {
    const share = layer.maskable ? (layer.active / layer.size).toFixed(4) : 'dense';
    table.push([layer.name, layer.shape.join('×'), String(layer.size), String(layer.active), share]);
  }
  return [
    `${model}: input ${input.join('×')}, ${classes.length} classes (${classes.slice(0, 12).join(', ')}${classes.length > 12 ? ', …' : ''})`,
    `parameters ${amount(parameters.active)} of ${amount(parameters.all)}; density ${density.maskable.toFixed(4)} over maskable, ${density.all.toFixed(4)} over all`,
    `forward ${amount(macs.sparse)} MACs a sample (dense ${amount(macs.dense)}); file ${bytes(fileBytes)}`,
    `model ${hash}`,
    `mask  ${mask.hash} (version ${mask.version})`,
    table.toString(),
  ].join('\n');
}
