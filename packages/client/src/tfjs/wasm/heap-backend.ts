import { getKernel, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs-core';

/** Part of tfjs's wasm backend that our kernels use. */
export interface HeapBackend {
  makeOutput(shape: number[], dtype: 'float32'): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): unknown;
  disposeData(dataId: object): boolean;
}

/** Arguments of a kernel's call. */
export interface KernelCall {
  readonly inputs: Readonly<Record<string, TensorInfo | undefined>>;
  readonly backend: object;
  readonly attrs?: NamedAttrMap;
}

/** The backend of a call; our kernels are registered for the wasm backend alone. */
export function heapOf({ backend }: KernelCall): HeapBackend {
  return backend as HeapBackend;
}

/** An input that the op always gives. */
export function inputOf({ inputs }: KernelCall, name: string): TensorInfo {
  const info = inputs[name];
  if (info === undefined) throw new Error(`the kernel was called without its input ${name}`);
  return info;
}

/**
 * A float32 tensor's values where they lie in the heap. The next allocation may move the heap: allocate first, then
 * take views.
 */
export function viewOf(backend: HeapBackend, info: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(info) as Float32Array;
}

/** A new float32 tensor whose values are whatever lay there. */
export function allocate(backend: HeapBackend, shape: readonly number[]): TensorInfo {
  return backend.makeOutput([...shape], 'float32');
}

/** Calls one of the wasm backend's own kernels, outside tfjs's bookkeeping: the caller disposes what it gives. */
export function callKernel(
  backend: HeapBackend,
  name: string,
  inputs: Record<string, TensorInfo>,
  attrs: NamedAttrMap,
): TensorInfo {
  const result = getKernel(name, 'wasm').kernelFunc({ inputs, backend, attrs });
  if (Array.isArray(result)) throw new Error(`kernel ${name} gave several outputs`);
  return result;
}
