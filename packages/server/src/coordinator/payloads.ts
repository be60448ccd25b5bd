import { EspalierError, type ClientUpdate, type Evaluation } from '@espalier/core';
import type { CandidateStatistics } from './select.js';

/** An accepted answer's contents, waiting to be folded. */
export type Payload =
  | { readonly kind: 'moments'; readonly statistics: CandidateStatistics }
  | { readonly kind: 'losses'; readonly candidates: readonly Evaluation[] }
  | { readonly kind: 'update'; readonly update: ClientUpdate }
  | { readonly kind: 'evaluation'; readonly evaluation: Evaluation };

/** Keeps answers until their step closes. The reducer holds their names only. */
export class PayloadShelf {
  readonly #payloads = new Map<string, Payload>();
  #count = 0;

  /** Keeps it and gives its name. */
  put(payload: Payload): string {
    const name = `payload-${this.#count++}`;
    this.#payloads.set(name, payload);
    return name;
  }

  drop(name: string): void {
    this.#payloads.delete(name);
  }

  moments(name: string): CandidateStatistics {
    const payload = this.#payloads.get(name);
    if (payload?.kind !== 'moments') throw missing(name);
    return payload.statistics;
  }

  losses(name: string): readonly Evaluation[] {
    const payload = this.#payloads.get(name);
    if (payload?.kind !== 'losses') throw missing(name);
    return payload.candidates;
  }

  update(name: string): ClientUpdate {
    const payload = this.#payloads.get(name);
    if (payload?.kind !== 'update') throw missing(name);
    return payload.update;
  }

  evaluation(name: string): Evaluation {
    const payload = this.#payloads.get(name);
    if (payload?.kind !== 'evaluation') throw missing(name);
    return payload.evaluation;
  }
}

function missing(name: string): EspalierError {
  return new EspalierError('internal', `${name} is not on the shelf, or is of another kind`);
}
