import { largestAt } from '../mask/largest-at.js';
import { layerOf, layerValues } from '../mask/layer-values.js';
import type { LayerMask } from '../mask/mask.js';
import { unionMask } from '../mask/nested-family.js';
import { difference } from '../mask/delta.js';
import type { ParamTree } from '../params/model-state.js';
import { exchangeShare } from '../adjustment/exchange-schedule.js';
import { changeMask } from '../adjustment/change-mask.js';
import type { MaskRule } from './mask-rule.js';

/**
 * FedDST (Bibikar et al., "Federated Dynamic Sparse Training", AAAI 2022): every client readjusts its mask on its own and
 * trains on; of all weights that some client held, every layer keeps as many as before, the largest of the averages over
 * their holders. α_r = ½·α·(1 + cos(π·r ÷ R_end)) of a layer's weights is exchanged.
 */
export const voted: MaskRule = {
  id: 'voted',
  needs: ['ownMasks'],
  begins: 'sparse',
  rewinds: false,
  requests: () => [],
  localWork: ({ spec, round }) => ({ readjustment: exchangeShare(round, spec) || null, extrusion: null }),
  adjust: ({ mask }, { params, ownMasks }) => {
    if (ownMasks.length === 0) return { mask, exchanged: new Map() };
    const held = unionMask(ownMasks);
    return changeMask(
      mask,
      mask.layers.map((layer) => largestHeld(layer, layerOf(held, layer.name), params)),
    );
  },
};

/**
 * As many weights as the layer has: the largest of those that some client held, then of those that none did.
 */
function largestHeld(layer: LayerMask, held: LayerMask, params: ParamTree): LayerMask {
  const { name, size, active } = layer;
  const values = layerValues(layer, params);
  const fromHeld = largestAt(values, held.active, Math.min(active.length, held.active.length));
  const left = difference(active, held.active);
  const rest = largestAt(values, left, active.length - fromHeld.length);
  const kept = new Uint32Array(active.length);
  kept.set(fromHeld);
  kept.set(rest, fromHeld.length);
  return { name, size, active: kept.sort() };
}
