import protobuf from 'protobufjs/minimal.js';
// The generated code is reached from `src` and from `dist` by the same path, so no build has to copy it.
import { espalier } from '../src/gen/espalier.js';
import { onnx } from '../src/gen/onnx.js';

/** The generated messages of version 1. */
export import v1 = espalier.v1;

/** The generated messages of ONNX. */
export { onnx };

/** A generated message class: the operations that protobuf provides for it. */
export interface Wire<Properties, Shape> {
  encode(message: Properties, writer: protobuf.Writer): protobuf.Writer;
  decode(reader: protobuf.Reader): Shape;
}

/** The message's bytes. */
export function writeWire<Properties>(type: Wire<Properties, unknown>, message: Properties): Uint8Array {
  return type.encode(message, new protobuf.Writer()).finish();
}

/**
 * Fields of one message, those inside it too. The largest honest ones, graphs of 10,000 nodes, have a third of it; a few
 * megabytes of empty fields would become gigabytes of objects.
 */
const MOST_FIELDS = 1_000_000;

class BoundedReader extends protobuf.Reader {
  #fields = 0;

  override tag(): number {
    if (++this.#fields > MOST_FIELDS) throw new RangeError(`it has more than ${MOST_FIELDS} fields`);
    return super.tag();
  }
}

/**
 * Reads a message, dropping fields it does not know. Arrays of the result may share memory with `bytes`.
 * @throws Error of protobufjs on bytes that are not such a message; callers turn it into `malformed_message`.
 */
export function readWire<Shape>(type: Wire<never, Shape>, bytes: Uint8Array): Shape {
  const reader = new BoundedReader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  reader.discardUnknown = true;
  return type.decode(reader);
}
