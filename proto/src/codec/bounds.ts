/** Text for people to read: made printable when it is decoded, cut to its bound when it is written. */
interface ProseRule {
  readonly kind: 'prose';
  readonly name: string;
  /** Most bytes of UTF-8. */
  readonly bytes: number;
  /** Most of them in one message, where the field is repeated. */
  readonly most?: number;
}

/** A text that is compared with others, and therefore refused rather than changed when it is not printable. */
interface NameRule extends Omit<ProseRule, 'kind'> {
  readonly kind: 'name';
}

/** A repeated field of numbers or byte strings. */
interface ListRule {
  readonly kind: 'list';
  readonly name: string;
  readonly most: number;
  /** Most bytes of one number where they are packed; 0 for byte strings. */
  readonly packed: number;
}

/** A message within the message. */
interface InnerRule {
  readonly kind: 'inner';
  readonly name: string;
  readonly fields: Bounds;
  readonly most?: number;
}

/** Limit on the contents of one field. */
export type Bound = ProseRule | NameRule | ListRule | InnerRule;

/** A message's bounded fields by number; single numbers and byte strings need none. */
export type Bounds = Readonly<Partial<Record<number, Bound>>>;

/**
 * Most bytes of texts for people: names of themselves, their device or its software; a sentence, lists
 * included.
 */
export const PROSE_BYTES = { short: 256, sentence: 4096 } as const;

/** Bytes of a token, a code or the name of a fact. */
const SHORT = 256;

/** Bytes of a node's or layer's name: those of imported networks hold paths. */
const NAME = 1024;

/** Bytes of a path. */
const PATH = 4096;

/** Bytes of a fact about the origin of a file's model. */
const METADATA = 65_536;

/** Most nodes of a network that is taken from the wire, hence also most layers and blocks. */
export const MAX_NODES = 10_000;

/** Most inputs of all nodes together. */
const MAX_INPUTS = 4 * MAX_NODES;

/** Most classes: labels are uint16. */
const MAX_CLASSES = 65_536;

/** Most candidates of a pool. */
const MAX_CANDIDATES = 1000;

/** Most channels of an image, and most extents of a shape. */
const MAX_CHANNELS = 4096;
const MAX_EXTENTS = 16;

/** Largest number of facts with an error. */
const MAX_FACTS = 64;

const prose = (name: string, length: keyof typeof PROSE_BYTES): Bound => ({
  kind: 'prose',
  name,
  bytes: PROSE_BYTES[length],
});
const word = (name: string, bytes: number): Bound => ({ kind: 'name', name, bytes });
const words = (name: string, bytes: number, most: number): Bound => ({ kind: 'name', name, bytes, most });
const uint32s = (name: string, most: number): Bound => ({ kind: 'list', name, most, packed: 5 });
const doubles = (name: string, most: number): Bound => ({ kind: 'list', name, most, packed: 8 });
const arrays = (name: string, most: number): Bound => ({ kind: 'list', name, most, packed: 0 });
const inner = (name: string, fields: Bounds): Bound => ({ kind: 'inner', name, fields });
const inners = (name: string, fields: Bounds, most: number): Bound => ({ kind: 'inner', name, fields, most });

const graphNode: Bounds = {
  1: word('name', NAME),
  2: words('inputs', NAME, MAX_INPUTS),
  3: inner('input', { 1: uint32s('shape', MAX_EXTENTS) }),
  4: inner('conv2d', { 2: inner('kernel_size', {}), 3: inner('strides', {}), 4: padding() }),
  5: inner('dense', {}),
  6: inner('batch_norm', {}),
  7: inner('max_pool', { 1: inner('pool_size', {}), 2: inner('strides', {}), 3: padding() }),
  8: inner('avg_pool', { 1: inner('pool_size', {}), 2: inner('strides', {}), 3: padding() }),
};

function padding(): Bound {
  return inner('padding', { 2: inner('explicit', {}) });
}

const graph: Bounds = {
  1: word('name', NAME),
  2: inners('nodes', graphNode, MAX_NODES),
  3: word('output', NAME),
  4: inners('blocks', { 1: word('name', NAME), 2: words('nodes', NAME, MAX_NODES) }, MAX_NODES),
};

const layerMask: Bounds = { 1: word('name', NAME), 3: inner('active', {}) };
const mask: Bounds = { 3: inners('layers', layerMask, MAX_NODES) };

function indexLists(name: string): Bound {
  return inner(name, {
    1: uint32s('coding', MAX_NODES),
    2: uint32s('rice_bits', MAX_NODES),
    3: uint32s('count', MAX_NODES),
    4: arrays('data', MAX_NODES),
  });
}

const maskDelta: Bounds = {
  2: uint32s('layers', MAX_NODES),
  3: indexLists('dropped'),
  4: indexLists('grown'),
};

const model: Bounds = {
  1: inner('mask', {}),
  2: inner('mask_update', {
    1: inner('unchanged', {}),
    2: inner('full', mask),
    3: inner('delta', maskDelta),
  }),
};

const normalization: Bounds = { 1: doubles('mean', MAX_CHANNELS), 2: doubles('std', MAX_CHANNELS) };
const momentMode: Bounds = { 1: inner('pooled', {}), 2: inner('ema', {}) };

const clientJob: Bounds = {
  1: word('name', SHORT),
  4: words('classes', NAME, MAX_CLASSES),
  5: inner('graph', graph),
  6: inner('data', {
    1: inner('image_folder', {}),
    2: inner('procedural', {}),
    3: inner('cifar_binary', {}),
    4: inner('idx', {}),
    5: inner('npy', {}),
  }),
  7: inner('partition', {
    1: inner('iid', {}),
    2: inner('dirichlet', {}),
    3: inner('shards', {}),
    4: inner('quantity_skew', {}),
    5: inner('by_folder', {}),
    6: inner('file', { 1: word('path', PATH) }),
  }),
  9: inner('normalization', normalization),
};

const canary: Bounds = {
  1: inner('graph', graph),
  3: inner('batch', { 4: words('classes', NAME, MAX_CLASSES) }),
  4: inner('normalization', normalization),
};

const refused: Bounds = {
  1: word('code', SHORT),
  2: prose('message', 'sentence'),
  3: inners('facts', { 1: word('name', SHORT), 2: prose('text', 'sentence') }, MAX_FACTS),
};

const trainWork: Bounds = {
  4: inner('optimizer', { 1: inner('sgd', {}), 2: inner('adam', {}) }),
  5: inner('augmentation', {}),
  6: inner('moment_mode', momentMode),
  8: inners('top_gradients', {}, MAX_NODES),
  10: inner('extrusion', { 5: uint32s('layers', MAX_NODES) }),
};

const nestedPool: Bounds = {
  1: inners('union', layerMask, MAX_NODES),
  3: arrays('counts', MAX_CANDIDATES),
};

/** Bounds of everything that a coordinator may send. */
export const SERVER_BOUNDS: Bounds = {
  1: inner('challenge', { 3: inner('job', clientJob) }),
  2: inner('welcome', {
    1: word('client_id', SHORT),
    2: word('return_token', SHORT),
    4: inner('canary', canary),
  }),
  3: inner('admitted', {}),
  4: inner('refused', refused),
  5: inner('pool', { 1: inner('pool', nestedPool), 2: inner('mode', momentMode) }),
  6: inner('pool_moments', { 1: arrays('candidates', MAX_CANDIDATES) }),
  7: inner('train', { 2: inner('model', model), 3: inner('work', trainWork) }),
  8: inner('accepted', {}),
  9: inner('finish', { 2: inner('model', model) }),
  10: inner('measure', { 2: inner('model', model) }),
};

const profile: Bounds = { 1: prose('backend', 'short'), 4: prose('platform', 'short') };

const join: Bounds = {
  3: word('return_token', SHORT),
  4: prose('name', 'short'),
  6: inner('profile', profile),
  8: words('classes', NAME, MAX_CLASSES),
};

const update: Bounds = {
  6: inner('metrics', { 8: prose('backend', 'short') }),
  7: inners('top_gradients', { 2: inner('indices', {}) }, MAX_NODES),
  8: inner('evaluation', {}),
  9: inner('own_mask', { 2: inner('delta', maskDelta) }),
};

/** Bounds of everything that a client may send. */
export const CLIENT_BOUNDS: Bounds = {
  1: inner('join', join),
  2: inner('canary_result', {}),
  3: inner('candidate_moments', { 1: arrays('candidates', MAX_CANDIDATES) }),
  4: inner('candidate_losses', { 1: inners('candidates', {}, MAX_CANDIDATES) }),
  5: inner('update', update),
  6: inner('request_mask', {}),
  7: inner('evaluation', { 2: inner('evaluation', {}) }),
  8: inner('leave', { 1: prose('reason', 'sentence') }),
  9: inner('failed', { 2: word('code', SHORT), 3: prose('message', 'sentence') }),
  10: inner('measured', {}),
};

const metadataValue: Bound = { kind: 'prose', name: 'value', bytes: METADATA };

/** Bounds of a model bundle. */
export const BUNDLE_BOUNDS: Bounds = {
  1: inner('graph', graph),
  2: inner('mask', mask),
  5: words('classes', NAME, MAX_CLASSES),
  6: inner('normalization', normalization),
  7: inners('metadata', { 1: word('name', SHORT), 2: metadataValue }, MAX_NODES),
  8: inner('coding', { 2: word('quantizer', SHORT) }),
};
