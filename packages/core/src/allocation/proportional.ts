/** A layer's size with its wish for density relative to the other layers. */
export interface LayerWish {
  readonly size: number;
  /** Above 0; only its relation to the others counts. */
  readonly wish: number;
}

/**
 * Densities min(1, ε · wish) with ε such that Σ density · size = density · Σ size: layers that ε would fill beyond 1
 * are made dense and leave the rest to the others, until none is (Evci et al. 2020, for ERK).
 */
export function proportionalDensities(layers: readonly LayerWish[], density: number): number[] {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const dense = new Set<LayerWish>();
  for (;;) {
    const open = layers.filter((layer) => !dense.has(layer));
    const taken = layers.reduce((sum, layer) => sum + (dense.has(layer) ? layer.size : 0), 0);
    const wished = open.reduce((sum, { wish, size }) => sum + wish * size, 0);
    const epsilon = Math.max(0, density * total - taken) / wished;
    const full = open.filter(({ wish }) => epsilon * wish >= 1);
    if (full.length === 0) return layers.map((layer) => (dense.has(layer) ? 1 : epsilon * layer.wish));
    for (const layer of full) dense.add(layer);
  }
}
