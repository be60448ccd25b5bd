/** A family of ops without attributes: they have the same shapes and treat channels alike. */
export type PlainFamily =
  /** One input; every value by itself. */
  | 'activation'
  /** One image; one value a channel. */
  | 'globalPool'
  /** Two inputs or more of one shape, added. */
  | 'sum'
  /** Two inputs or more of one size, their channels one after another. */
  | 'concat'
  /** An image as features, in `[h, w, c]` order. */
  | 'flatten';

/**
 * An op without attributes, as shapes, channels and file formats see it. Its arithmetic is defined where
 * values are computed.
 */
export interface PlainOp {
  readonly family: PlainFamily;
  /** True when its output is never below 0; false if that depends on its inputs. */
  readonly nonNegative: boolean;
  /** The Keras layer that does the same. */
  readonly keras: { readonly className: string; readonly config: Readonly<Record<string, unknown>> };
  /** The ONNX operation that does the same; `bounds` are its second and third input. */
  readonly onnx: { readonly op: string; readonly bounds?: readonly [number, number] };
}

const CHANNELS_LAST = { data_format: 'channels_last' };

/** Every op without attributes. A new one begins with its record here; docs/how-to/add-a-graph-op.md has the rest. */
export const PLAIN_OPS = {
  relu: {
    family: 'activation',
    nonNegative: true,
    keras: { className: 'Activation', config: { activation: 'relu' } },
    onnx: { op: 'Relu' },
  },
  relu6: {
    family: 'activation',
    nonNegative: true,
    keras: { className: 'ReLU', config: { max_value: 6 } },
    onnx: { op: 'Clip', bounds: [0, 6] },
  },
  add: {
    family: 'sum',
    nonNegative: false,
    keras: { className: 'Add', config: {} },
    onnx: { op: 'Sum' },
  },
  concat: {
    family: 'concat',
    nonNegative: false,
    keras: { className: 'Concatenate', config: { axis: -1 } },
    onnx: { op: 'Concat' },
  },
  globalAvgPool: {
    family: 'globalPool',
    nonNegative: false,
    keras: { className: 'GlobalAveragePooling2D', config: CHANNELS_LAST },
    onnx: { op: 'GlobalAveragePool' },
  },
  globalMaxPool: {
    family: 'globalPool',
    nonNegative: false,
    keras: { className: 'GlobalMaxPooling2D', config: CHANNELS_LAST },
    onnx: { op: 'GlobalMaxPool' },
  },
  flatten: {
    family: 'flatten',
    nonNegative: false,
    keras: { className: 'Flatten', config: CHANNELS_LAST },
    onnx: { op: 'Flatten' },
  },
} as const satisfies Readonly<Record<string, PlainOp>>;

/** The kind of an op without attributes. */
export type PlainOpKind = keyof typeof PLAIN_OPS;

type OfFamily<Family extends PlainFamily> = {
  [Op in PlainOpKind]: (typeof PLAIN_OPS)[Op]['family'] extends Family ? Op : never;
}[PlainOpKind];

/** True when there is an op without attributes of that name. */
export function isPlainOp(op: string): op is PlainOpKind {
  return Object.hasOwn(PLAIN_OPS, op);
}

/** The record of an op without attributes. */
export function plainOp(op: PlainOpKind): PlainOp {
  return PLAIN_OPS[op];
}

/** The ops of one family, in the order of {@link PLAIN_OPS}. */
export function plainOpsOf<Family extends PlainFamily>(family: Family): readonly OfFamily<Family>[] {
  return Object.keys(PLAIN_OPS).filter((op) => isOfFamily(op, family));
}

/** True when there is an op without attributes of that name, in that family. */
export function isOfFamily<Family extends PlainFamily>(op: string, family: Family): op is OfFamily<Family> {
  return isPlainOp(op) && plainOp(op).family === family;
}
