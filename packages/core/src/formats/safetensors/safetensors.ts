import { bytesToUtf8, utf8ToBytes } from '@noble/hashes/utils.js';
import { fromFloat16 } from '../../coding/float16.js';
import { EspalierError } from '../../errors.js';
import { checkGraph } from '../../graph/check-graph.js';
import type { ModelGraph } from '../../graph/model-graph.js';
import { isPlainOp } from '../../graph/plain-ops.js';
import { momentSpecs, parameterSpecs } from '../../graph/parameters.js';
import { checkState, type ModelState } from '../../params/model-state.js';
import { isList, isObject, listAt, objectAt, type JsonObject } from '../layers-model/json.js';

/** A tensor of a safetensors file. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** A network out of a file. */
export interface ImportedSafetensors {
  readonly graph: ModelGraph;
  readonly state: ModelState;
  /** The file's own notes. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Header bytes above this are refused: the largest graph that is read needs half of it. */
const MOST_HEADER = 2 ** 24;

/** Tensors of a file; a graph of 10,000 nodes has half as many. */
const MOST_TENSORS = 100_000;
const GRAPH_KEY = 'espalier.graph';

/**
 * A network as safetensors (huggingface.co/docs/safetensors): float32 tensors `<node>/kernel`, `bias`, `gamma`, `beta`,
 * `mean` and `variance` in this library's layout, the graph as JSON in the metadata.
 */
export function exportSafetensors(
  graph: ModelGraph,
  state: ModelState,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  checkState(graph, state);
  const tensors = tensorsOf(graph, state);
  const header: Record<string, unknown> = {
    __metadata__: { ...metadata, format: 'espalier', [GRAPH_KEY]: JSON.stringify(graph) },
  };
  let at = 0;
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, (at += 4 * values.length)] };
  }
  const text = utf8ToBytes(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + padded + at).fill(0x20, 8, 8 + padded);
  const view = new DataView(file.buffer);
  view.setUint32(0, padded, true);
  file.set(text, 8);
  let to = 8 + padded;
  for (const { values } of tensors) {
    for (const value of values) {
      view.setFloat32(to, value, true);
      to += 4;
    }
  }
  return file;
}

/**
 * The network of a safetensors file.
 * @param graph which network; null takes the one in the file's metadata, which only files of this library have
 * @throws EspalierError `malformed_message` for a file that is cut short or no safetensors, `op_unsupported` naming a
 * tensor of another data type, `invalid_params` naming tensors that are missing or of another shape, `invalid_graph`.
 */
export function importSafetensors(bytes: Uint8Array, graph: ModelGraph | null): ImportedSafetensors {
  const { entries, metadata, data } = readHeader(bytes);
  const network = graph ?? graphIn(metadata);
  checkGraph(network);
  const tensor = (name: string, shape: readonly number[]): Float32Array =>
    tensorAt({ entries, data }, name, shape);
  const params = new Map(parameterSpecs(network).map(({ name, shape }) => [name, tensor(name, shape)]));
  const moments = new Map(
    momentSpecs(network).map(({ node, channels }) => [
      node,
      { mean: tensor(`${node}/mean`, [channels]), variance: tensor(`${node}/variance`, [channels]) },
    ]),
  );
  const state = { params, moments };
  checkState(network, state);
  return { graph: network, state, metadata };
}

interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

function tensorsOf(graph: ModelGraph, { params, moments }: ModelState): readonly NamedTensor[] {
  return [
    ...parameterSpecs(graph).map(({ name, shape }) => ({ name, shape, values: params.get(name)! })),
    ...momentSpecs(graph).flatMap(({ node, channels }) =>
      (['mean', 'variance'] as const).map((what) => ({
        name: `${node}/${what}`,
        shape: [channels],
        values: moments.get(node)![what],
      })),
    ),
  ];
}

interface Header {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < 8) throw malformed(`it has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || length > MOST_HEADER || 8 + length > bytes.length) {
    throw malformed(`its header would not fit into its ${bytes.length} bytes`);
  }
  const header = objectAt(parsed(bytesToUtf8(bytes.subarray(8, 8 + length))), 'the header');
  const data = bytes.subarray(8 + length);
  const entries = new Map<string, Entry>();
  const fields = Object.entries(header);
  if (fields.length > MOST_TENSORS) throw malformed(`it has ${String(fields.length)} tensors`);
  for (const [name, value] of fields) {
    if (name !== '__metadata__') entries.set(name, entryOf(name, value, data.length));
  }
  const notes = Object.entries(isObject(header['__metadata__']) ? header['__metadata__'] : {});
  const metadata = Object.fromEntries(
    notes.filter((note): note is [string, string] => typeof note[1] === 'string'),
  );
  return { entries, metadata, data };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw malformed('its header is no JSON');
  }
}

function entryOf(name: string, value: unknown, length: number): Entry {
  const { dtype, shape, data_offsets: offsets } = objectAt(value, `tensor ${name}`);
  const whole = (one: unknown): one is number =>
    typeof one === 'number' && Number.isSafeInteger(one) && one >= 0;
  const extents = listAt(shape, `the shape of ${name}`);
  const ends = listAt(offsets, `the place of ${name}`);
  const [from, to] = ends;
  if (
    typeof dtype !== 'string' ||
    !extents.every(whole) ||
    ends.length !== 2 ||
    !whole(from) ||
    !whole(to) ||
    from > to ||
    to > length
  ) {
    throw malformed(
      `tensor ${name} does not lie within its ${length} bytes of data; the file may be cut short`,
    );
  }
  return { dtype, shape: extents, data_offsets: [from, to] };
}

function graphIn(metadata: Readonly<Record<string, string>>): ModelGraph {
  const text = metadata[GRAPH_KEY];
  if (text === undefined) {
    throw new EspalierError(
      'invalid_argument',
      'the safetensors file does not say which network it is of; name one of the zoo',
    );
  }
  const graph = parsed(text);
  // checkGraph and inferShapes look at every node; this only ensures that they receive a graph at all.
  if (!isGraph(graph)) throw malformed('the graph in its metadata is none');
  return graph;
}

function isGraph(value: unknown): value is ModelGraph {
  if (!isObject(value) || typeof value['name'] !== 'string' || typeof value['output'] !== 'string')
    return false;
  const { nodes, blocks } = value;
  const named = (one: unknown): boolean => isObject(one) && typeof one['name'] === 'string';
  return (
    isList(nodes) &&
    nodes.every((node) => named(node) && isObject(node) && isTexts(node['inputs']) && isNode(node)) &&
    isList(blocks) &&
    blocks.every(
      (block) => named(block) && isObject(block) && isList(block['nodes']) && isFlat(block['nodes']),
    )
  );
}

function isTexts(value: unknown): boolean {
  return isList(value) && value.every((one) => typeof one === 'string');
}

/** Attributes that the checks of the graph take for granted. */
const LISTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['input', ['shape']],
  ['conv2d', ['kernelSize', 'strides']],
  ['maxPool', ['poolSize', 'strides']],
  ['avgPool', ['poolSize', 'strides']],
]);
const UNLISTED = ['dense', 'batchNorm'];

/** A plain value, or a list or an object of plain values, which any sentence can show. */
function isFlat(value: unknown): boolean {
  const plain = (one: unknown): boolean => typeof one !== 'object' || one === null;
  return plain(value) || (typeof value === 'object' && value !== null && Object.values(value).every(plain));
}

function isNode(node: JsonObject): boolean {
  const op = node['op'];
  if (typeof op !== 'string') return false;
  if (!Object.values(node).every(isFlat)) return false;
  const padding = node['padding'];
  const padded =
    !['conv2d', 'maxPool', 'avgPool'].includes(op) ||
    padding === 'same' ||
    padding === 'valid' ||
    isObject(padding);
  return (
    padded &&
    (isPlainOp(op) || UNLISTED.includes(op) || (LISTS.get(op)?.every((key) => isList(node[key])) ?? false))
  );
}

function tensorAt(
  { entries, data }: Pick<Header, 'entries' | 'data'>,
  name: string,
  shape: readonly number[],
): Float32Array {
  const entry = entries.get(name);
  if (entry === undefined) {
    throw new EspalierError(
      'invalid_params',
      `the safetensors file has no tensor ${name} of [${String(shape)}]`,
      { name },
    );
  }
  if (String(entry.shape) !== String(shape)) {
    throw new EspalierError(
      'invalid_params',
      `tensor ${name} is [${String(entry.shape)}], the network's is [${String(shape)}]`,
      { name },
    );
  }
  const reader = READERS.get(entry.dtype);
  if (reader === undefined) {
    throw new EspalierError(
      'op_unsupported',
      `tensor ${name} has data type ${entry.dtype}; F32, F16 and BF16 can be read`,
      { name },
    );
  }
  const count = shape.reduce((product, extent) => product * extent, 1);
  const [from, to] = entry.data_offsets;
  if (to - from !== count * reader.bytes)
    throw malformed(`tensor ${name} has ${to - from} bytes, expected ${count * reader.bytes}`);
  const view = new DataView(data.buffer, data.byteOffset + from, to - from);
  return Float32Array.from({ length: count }, (_, i) => reader.read(view, i * reader.bytes));
}

const BRAIN = new DataView(new ArrayBuffer(4));

/** Reader of single values of a data type. */
interface ValueReader {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

const READERS: ReadonlyMap<string, ValueReader> = new Map<string, ValueReader>([
  ['F32', { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  ['F16', { bytes: 2, read: (view, at) => fromFloat16(view.getUint16(at, true)) }],
  ['BF16', { bytes: 2, read: brainFloat }],
]);

function brainFloat(view: DataView, at: number): number {
  BRAIN.setUint16(0, view.getUint16(at, true));
  return BRAIN.getFloat32(0);
}

function malformed(problem: string): EspalierError {
  return new EspalierError('malformed_message', `this is no whole safetensors file: ${problem}`);
}
