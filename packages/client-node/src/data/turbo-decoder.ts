import { createRequire } from 'node:module';

/** Pixels of a JPEG with its own size and channels; null where libjpeg-turbo finds fault with it. */
export type TurboDecoder = (bytes: Uint8Array) => Uint8Array | null;

/**
 * Part of libjpeg-turbo's WebAssembly build that is used. Buffers are views of its memory, valid until the
 * next call.
 */
interface TurboModule {
  readonly JPEGDecoder: new () => {
    getEncodedBuffer(length: number): Uint8Array;
    decode(): void;
    getDecodedBuffer(): Uint8Array;
  };
}

let loaded: Promise<TurboDecoder> | null = null;

/** libjpeg-turbo, compiled to WebAssembly; loaded once. */
export function turboDecoder(): Promise<TurboDecoder> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<TurboDecoder> {
  const create = createRequire(import.meta.url)(
    '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs',
  ) as (options: { readonly print: () => void; readonly printErr: () => void }) => Promise<TurboModule>;
  const silent = (): void => undefined;
  const { JPEGDecoder } = await create({ print: silent, printErr: silent });
  const decoder = new JPEGDecoder();
  return (bytes) => {
    try {
      decoder.getEncodedBuffer(bytes.length).set(bytes);
      decoder.decode();
      return decoder.getDecodedBuffer();
    } catch {
      return null;
    }
  };
}
