import * as tf from '@tensorflow/tfjs-core';

/**
 * Runs `run` and disposes every tensor made inside it, except those found in what it returns (in arrays and plain
 * objects, at any depth). On an error nothing is kept.
 */
export function scoped<T extends object>(run: () => T): T {
  const holder: { result?: T } = {};
  tf.tidy(() => {
    holder.result = run();
    return tensorsIn(holder.result);
  });
  return holder.result!;
}

/** Every tensor inside a value, looking into arrays and plain objects. */
export function tensorsIn(value: unknown): tf.Tensor[] {
  if (value instanceof tf.Tensor) return [value as tf.Tensor];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(tensorsIn);
  return [];
}

/** Disposes every tensor of a map and empties it. */
export function disposeAll(tensors: Map<string, tf.Tensor>): void {
  for (const tensor of tensors.values()) tensor.dispose();
  tensors.clear();
}

/** True when the active backend has a kernel of that name. */
export function hasKernel(name: string): boolean {
  return kernelOf(name, tf.getBackend()) !== undefined;
}

/** Runs a kernel with one output on the active backend. */
export function runKernel(name: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>(name, inputs, attrs);
}

/** Runs a kernel with several outputs on the active backend. */
export function runKernels(name: string, inputs: tf.NamedTensorMap, attrs: tf.NamedAttrMap): tf.Tensor[] {
  return tf.engine().runKernel<tf.Tensor[]>(name, inputs, attrs);
}

/** The values of a float32 tensor, in a new array. */
export async function readFloats(tensor: tf.Tensor): Promise<Float32Array> {
  const values = await tensor.data<'float32'>();
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** A registered kernel; the type that tfjs declares hides that there may be none. */
export function kernelOf(name: string, backend: string): tf.KernelConfig | undefined {
  return tf.getKernel(name, backend);
}

/** True when a backend is initialised. */
export function isInitialised(backend: string): boolean {
  return backendOf(backend) !== null;
}

/** An initialised backend; the type that tfjs declares hides that there may be none. */
function backendOf(name: string): tf.KernelBackend | null {
  return tf.findBackend(name);
}
