declare const kind: unique symbol;

/** A text that names one kind of thing: a plain text may become one, an id of another kind may not. */
type Id<Kind extends string> = string & { readonly [kind]?: Kind };

/** Names a client for the length of a run. */
export type ClientId = Id<'client'>;

/** Names one connection, before and after its client has a seat. */
export type ConnectionId = Id<'connection'>;

/** Names an accepted answer. Only the shell that stored the answer can take it apart. */
export type AnswerName = Id<'answer'>;
