/** A constant of an ONNX graph. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** Float tensors as they are; whole numbers (shapes, axes) as plain numbers. */
  readonly values: Float32Array | readonly number[];
}

/** An attribute's value: a number, a text or a list of whole numbers. */
export type OnnxAttribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  /** The value of a Constant node. */
  | { readonly kind: 'tensor'; readonly value: OnnxTensor };

/** One operation. */
export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A graph's input or output; null for an extent that is not fixed, such as the batch. */
export interface OnnxValue {
  readonly name: string;
  readonly dims: readonly (number | null)[];
}

/** An ONNX model as plain objects: the part of the format that networks of this library need. */
export interface OnnxModel {
  readonly name: string;
  /** Version of the operator set. */
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}
