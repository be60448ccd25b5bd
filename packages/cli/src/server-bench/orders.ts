/** Order to a load process. */
export type LoadOrder =
  | {
      /** Connect that many clients and take part; answered by `joined`. */
      readonly kind: 'join';
      readonly url: string;
      readonly token: string;
      /** The first client's part. */
      readonly from: number;
      readonly count: number;
      /** Uploads of this process under way at a time. */
      readonly inFlight: number;
    }
  | {
      /** Connect as many to the bare server; answered by `connected`. */ readonly kind: 'connect';
      readonly url: string;
    }
  /** Wait until every client has that round's model; answered by `ready`. */
  | { readonly kind: 'await'; readonly round: number }
  /** Send every client's update to the coordinator; answered by `sent`. */
  | { readonly kind: 'upload' }
  /** Send the same bytes to the bare server; answered by `sent`. */
  | { readonly kind: 'reference' };

/** Answer of a load process. */
export type LoadReport =
  | { readonly kind: 'joined' | 'connected' | 'ready' }
  /** Milliseconds from an update's first byte to its acknowledgement, and bytes sent in all. */
  | { readonly kind: 'sent'; readonly ackMs: readonly number[]; readonly bytes: number }
  | { readonly kind: 'failed'; readonly message: string };
