import { nestedMask } from '../mask/nested-family.js';
import { unpackActive } from '../params/pack.js';
import type { Mask } from '../mask/mask.js';
import { globalModel, type GlobalModel } from './global-model.js';

/** One share's mask, and the one before it. */
interface NestedStep {
  readonly mask: Mask;
  readonly previous: Mask | null;
}

/** The sub-masks of one mask, by share. */
interface NestedFamily {
  readonly hash: string;
  readonly masks: Map<number, NestedStep>;
}

/**
 * Parts of a model for clients that carry a share of it: nested sub-masks, ranked by the weights that the
 * mask began with, so that they change only when the mask does. Everything follows from the model, so a
 * coordinator that resumes makes the same parts.
 */
export class SubModels {
  #model: GlobalModel | null = null;
  readonly #views = new Map<number, GlobalModel>();
  #family: NestedFamily | null = null;
  #before: NestedFamily | null = null;

  /** The part of that share; the model itself for 1. */
  of(model: GlobalModel, share: number): GlobalModel {
    if (share === 1) return model;
    if (this.#model !== model) {
      this.#views.clear();
      this.#model = model;
    }
    const view = this.#views.get(share) ?? this.#view(model, share);
    this.#views.set(share, view);
    return view;
  }

  #view(model: GlobalModel, share: number): GlobalModel {
    const { graph, state } = model;
    const { mask, previous } = this.#step(model, share);
    return globalModel(graph, mask, state, { previousMask: previous });
  }

  #step(model: GlobalModel, share: number): NestedStep {
    const { graph, mask, ranks } = model;
    const { masks } = this.#familyOf(mask);
    const known = masks.get(share);
    if (known) return known;
    const step = {
      mask: nestedMask(mask, unpackActive(graph, mask, ranks), share),
      previous: this.#before?.masks.get(share)?.mask ?? null,
    };
    masks.set(share, step);
    return step;
  }

  #familyOf({ hash }: Mask): NestedFamily {
    if (this.#family?.hash === hash) return this.#family;
    this.#before = this.#family;
    this.#family = { hash, masks: new Map() };
    return this.#family;
  }
}
