import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';

/** The active weights of one maskable parameter. */
export interface LayerMask {
  /** Parameter name, `<node>/kernel`. */
  readonly name: string;
  /** Number of weights, active or not. */
  readonly size: number;
  /** Flat indices of the active weights, strictly ascending. */
  readonly active: Uint32Array;
}

/** Descent of a mask from the one before it. */
export interface MaskLineage {
  /** 0 for a job's first mask, then one more with every change. */
  readonly version: number;
  /** Hash of the mask it was made from; null for the first. */
  readonly parent: string | null;
}

/**
 * The set of active weights: a versioned, hashed protocol object. It cannot be built invalid, and it never
 * changes. Layers are in the graph's canonical order.
 */
export class Mask {
  readonly version: number;
  readonly parent: string | null;
  readonly layers: readonly LayerMask[];
  readonly #byName: ReadonlyMap<string, LayerMask>;
  #hash: string | undefined;

  /**
   * @throws EspalierError `invalid_mask` when indices are out of order or range, or a layer is listed twice.
   */
  constructor(layers: readonly LayerMask[], lineage: MaskLineage = { version: 0, parent: null }) {
    for (const layer of layers) checkLayer(layer);
    this.#byName = new Map(layers.map((layer) => [layer.name, layer]));
    if (this.#byName.size !== layers.length)
      throw new EspalierError('invalid_mask', 'a layer stands twice in the mask');
    if (!Number.isSafeInteger(lineage.version) || lineage.version < 0) {
      throw new EspalierError(
        'invalid_mask',
        `version ${String(lineage.version)} is not a whole number of at least 0`,
      );
    }
    this.layers = layers;
    this.version = lineage.version;
    this.parent = lineage.parent;
  }

  /** SHA-256 of the layers' names, sizes and active indices, in hex; version and parent do not enter. */
  get hash(): string {
    this.#hash ??= hashLayers(this.layers);
    return this.#hash;
  }

  /** Number of active weights. */
  get activeCount(): number {
    return this.layers.reduce((sum, layer) => sum + layer.active.length, 0);
  }

  /** Number of maskable weights. */
  get size(): number {
    return this.layers.reduce((sum, layer) => sum + layer.size, 0);
  }

  /** Active ÷ maskable weights; 1 if nothing is maskable. */
  get density(): number {
    return this.size === 0 ? 1 : this.activeCount / this.size;
  }

  /** The layer of that parameter name, or undefined where the parameter is not maskable. */
  layer(name: string): LayerMask | undefined {
    return this.#byName.get(name);
  }

  /** The mask that follows this one, with the given layers replaced and one version more. */
  successor(replaced: readonly LayerMask[]): Mask {
    const changes = new Map(replaced.map((layer) => [layer.name, layer]));
    for (const name of changes.keys()) {
      if (!this.#byName.has(name))
        throw new EspalierError('invalid_mask', `the mask has no layer ${name}`, { name });
    }
    const layers = this.layers.map((layer) => changes.get(layer.name) ?? layer);
    return new Mask(layers, { version: this.version + 1, parent: this.hash });
  }

  /** @throws EspalierError `invalid_mask` when the layers are not the graph's maskable parameters, in order. */
  checkFits(graph: ModelGraph): void {
    const expected = maskableSpecs(graph);
    const fits =
      expected.length === this.layers.length &&
      expected.every(({ name, size }, i) => this.layers[i]?.name === name && this.layers[i].size === size);
    if (!fits) {
      throw new EspalierError(
        'invalid_mask',
        `the mask's layers are not the maskable layers of ${graph.name}`,
      );
    }
  }
}

/** The mask in which every maskable weight is active. */
export function denseMask(graph: ModelGraph): Mask {
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => ({
      name,
      size,
      active: everyIndex(size),
    })),
  );
}

function everyIndex(size: number): Uint32Array {
  const indices = new Uint32Array(size);
  // A plain loop: `Uint32Array.from` with a function takes ten times as long, and networks have millions of weights.
  for (let i = 0; i < size; i++) indices[i] = i;
  return indices;
}

function checkLayer({ name, size, active }: LayerMask): void {
  let previous = -1;
  for (const index of active) {
    if (index <= previous || index >= size) {
      throw new EspalierError(
        'invalid_mask',
        `layer ${name}: index ${String(index)} after ${String(previous)} is not ascending below ${String(size)}`,
        { name },
      );
    }
    previous = index;
  }
}

function hashLayers(layers: readonly LayerMask[]): string {
  const digest = sha256.create();
  for (const { name, size, active } of layers) {
    digest.update(utf8ToBytes(`${name}\n${String(size)}\n${String(active.length)}\n`));
    digest.update(littleEndianBytes(active));
  }
  return bytesToHex(digest.digest());
}

function littleEndianBytes(values: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  return bytes;
}
