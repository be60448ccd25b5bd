import {
  fromFloat16,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from '@espalier/core/formats';
import { bytesToUtf8, utf8ToBytes } from '@noble/hashes/utils.js';
import { toBytes, toFloat32, toUint16Array } from '../codec/arrays.js';
import { decoding, malformed } from '../failure.js';
import { onnx, readWire, writeWire } from '../wire.js';

/** ONNX's numbers of data types. */
const TYPES = { float: 1, int32: 6, int64: 7, float16: 10, double: 11 } as const;
/** ONNX's numbers of kinds of attributes. */
const ATTRIBUTES = { float: 1, int: 2, string: 3, tensor: 4, ints: 7 } as const;
/** Version of the format, with operator set 13. */
const IR_VERSION = 8;

/** The bytes of an ONNX file. Equal models give equal bytes. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  return writeWire(onnx.Model, {
    irVersion: IR_VERSION,
    producerName: 'espalier',
    opsetImport: [{ domain: '', version: model.opset }],
    graph: {
      name: model.name,
      node: model.nodes.map(encodeNode),
      initializer: model.constants.map(encodeTensor),
      input: model.inputs.map(encodeValue),
      output: model.outputs.map(encodeValue),
    },
  });
}

/**
 * The model of an ONNX file. Constants of float16 and double become float32; values stored in other files are
 * not loaded.
 * @throws EspalierError `malformed_message` for bytes that are not an ONNX model or are truncated, or a
 * constant of another data type, by its name; `not_finite`.
 */
export function decodeOnnx(bytes: Uint8Array): OnnxModel {
  return decoding('this is no whole ONNX model (the file may be cut short)', () =>
    readModel(readWire(onnx.Model, bytes)),
  );
}

function readModel({ graph, opsetImport = [] }: onnx.Model.$Shape): OnnxModel {
  if (!graph?.node?.length) throw malformed('it has no graph');
  return {
    name: graph.name ?? '',
    opset: opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version ?? 0,
    nodes: graph.node.map(decodeNode),
    constants: (graph.initializer ?? []).map(decodeTensor),
    inputs: (graph.input ?? []).map(decodeValue),
    outputs: (graph.output ?? []).map(decodeValue),
  };
}

function encodeNode({ name, op, inputs, outputs, attributes }: OnnxNode): onnx.Node.$Properties {
  return {
    name,
    opType: op,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.keys(attributes)
      .sort()
      .map((key) => encodeAttribute(key, attributes[key]!)),
  };
}

function encodeAttribute(name: string, attribute: OnnxAttribute): onnx.Attribute.$Properties {
  const common = { name, type: ATTRIBUTES[attribute.kind] };
  switch (attribute.kind) {
    case 'float':
      return { ...common, f: attribute.value };
    case 'int':
      return { ...common, i: attribute.value };
    case 'string':
      return { ...common, s: utf8ToBytes(attribute.value) };
    case 'ints':
      return { ...common, ints: [...attribute.value] };
    case 'tensor':
      return { ...common, t: encodeTensor(attribute.value) };
  }
}

function encodeTensor({ name, dims, values }: OnnxTensor): onnx.Tensor.$Properties {
  const common = { name, dims: [...dims] };
  if (values instanceof Float32Array) return { ...common, dataType: TYPES.float, rawData: toBytes(values) };
  return { ...common, dataType: TYPES.int64, int64Data: [...values] };
}

function encodeValue({ name, dims }: OnnxValue): onnx.ValueInfo.$Properties {
  const dim = dims.map((extent) => (extent === null ? { dimParam: 'N' } : { dimValue: extent }));
  return { name, type: { tensorType: { elemType: TYPES.float, shape: { dim } } } };
}

function decodeNode({
  name = '',
  opType = '',
  input = [],
  output = [],
  attribute = [],
}: onnx.Node.$Shape): OnnxNode {
  // Entries rather than assignments: an attribute called __proto__ stays one.
  const attributes = attribute.flatMap((each): readonly (readonly [string, OnnxAttribute])[] => {
    const decoded = decodeAttribute(each);
    return decoded ? [[each.name ?? '', decoded]] : [];
  });
  return { name, op: opType, inputs: input, outputs: output, attributes: Object.fromEntries(attributes) };
}

/** Kinds that no supported operation has are left out. */
function decodeAttribute({
  type,
  f = 0,
  i = 0,
  s,
  t,
  ints = [],
}: onnx.Attribute.$Shape): OnnxAttribute | null {
  switch (type) {
    case ATTRIBUTES.float:
      return { kind: 'float', value: f };
    case ATTRIBUTES.int:
      return { kind: 'int', value: i };
    case ATTRIBUTES.string:
      return { kind: 'string', value: bytesToUtf8(s ?? new Uint8Array(0)) };
    case ATTRIBUTES.ints:
      return { kind: 'ints', value: ints };
    case ATTRIBUTES.tensor:
      return t ? { kind: 'tensor', value: decodeTensor(t) } : null;
    default:
      return null;
  }
}

function decodeTensor(tensor: onnx.Tensor.$Shape): OnnxTensor {
  const { name = '', dims = [], dataLocation = 0 } = tensor;
  if (dataLocation !== 0)
    throw malformed(`the values of ${name} lie in another file; save the model as one file`);
  const values = valuesOf(tensor, name);
  const count = dims.reduce((product, extent) => product * extent, 1);
  if (values.length !== count)
    throw malformed(`${name} has ${values.length} values, its shape [${dims.join(', ')}] says ${count}`);
  return { name, dims, values };
}

function valuesOf(tensor: onnx.Tensor.$Shape, name: string): Float32Array | readonly number[] {
  const { dataType, floatData = [], int32Data = [], int64Data = [], rawData } = tensor;
  const raw = rawData?.length ? rawData : undefined;
  switch (dataType) {
    case TYPES.float:
      return raw ? toFloat32(raw, name) : Float32Array.from(floatData);
    case TYPES.float16:
      return Float32Array.from(raw ? toUint16Array(raw, name) : int32Data, fromFloat16);
    case TYPES.double:
      return Float32Array.from(wholes(raw, 8, (view, at) => view.getFloat64(at, true)));
    case TYPES.int64:
      return raw ? wholes(raw, 8, (view, at) => Number(view.getBigInt64(at, true))) : int64Data;
    case TYPES.int32:
      return raw ? wholes(raw, 4, (view, at) => view.getInt32(at, true)) : int32Data;
    default:
      throw malformed(
        `${name} has data type ${dataType ?? 0}; float, float16, double, int32 and int64 can be read`,
        { name },
      );
  }
}

function wholes(
  bytes: Uint8Array | undefined,
  size: number,
  read: (view: DataView, at: number) => number,
): number[] {
  const own = bytes ?? new Uint8Array(0);
  const view = new DataView(own.buffer, own.byteOffset, own.length);
  return Array.from({ length: Math.floor(own.length / size) }, (_, i) => read(view, i * size));
}

function decodeValue({ name = '', type }: onnx.ValueInfo.$Shape): OnnxValue {
  const dims = (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) => (dimValue ? dimValue : null));
  return { name, dims };
}
