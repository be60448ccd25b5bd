import { parameterSpecs, type Mask, type ModelGraph } from '@espalier/core';

/** Cells across and down at most: what a small picture can show. */
const COLUMNS = 64;
const ROWS = 32;

/** One layer's mask as a picture: inputs across, output channels down, each cell the share of active weights in it. */
export interface LayerPicture {
  readonly name: string;
  readonly size: number;
  readonly active: number;
  readonly width: number;
  readonly height: number;
  /** `width × height` bytes, row by row; 255 is all active. */
  readonly cells: Uint8Array;
}

/** The mask drawn layer by layer; dense where it is null. */
export function maskPicture(graph: ModelGraph, mask: Mask): readonly LayerPicture[] {
  const shapes = new Map(parameterSpecs(graph).map(({ name, shape }) => [name, shape]));
  return mask.layers.map(({ name, size, active }) => {
    const outputs = shapes.get(name)?.at(-1) ?? 1;
    const inputs = size / outputs;
    const [width, height] = [Math.min(COLUMNS, inputs), Math.min(ROWS, outputs)];
    const counts = new Float64Array(width * height);
    for (const index of active) {
      const column = Math.floor((Math.floor(index / outputs) * width) / inputs);
      const row = Math.floor(((index % outputs) * height) / outputs);
      counts[row * width + column]! += 1;
    }
    const full = size / (width * height);
    const cells = Uint8Array.from(counts, (count) => Math.min(255, Math.round((255 * count) / full)));
    return { name, size, active: active.length, width, height, cells };
  });
}
