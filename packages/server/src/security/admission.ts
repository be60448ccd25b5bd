declare const token: unique symbol;

/** Names a join token; never the token itself. */
export type TokenId = string & { readonly [token]?: true };

/** Check of the tokens that admit clients. */
export interface Admission {
  /** The id of the token whose answer over the nonce this is; null when it is no valid token's. In constant time. */
  check(nonce: Uint8Array, answer: Uint8Array): TokenId | null;
  /** False once that token has been revoked. */
  allows(tokenId: TokenId): boolean;
}
