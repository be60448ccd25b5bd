import { Worker } from 'node:worker_threads';
import { buildModel, inputShape, zooNames, type ModelGraph, type ModelState } from '@espalier/core';
import { exportOnnx, importOnnx, type OnnxModel } from '@espalier/core/formats';
import { doubled, noiseBatch, referenceForward, smallGraphs, unevenState } from '@espalier/core/testing';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { damaged } from '../testing/arbitraries.js';
import { decodeOnnx, encodeOnnx } from './index.js';

/** onnxruntime-web in a thread of its own: it loads its WebAssembly by a dynamic import, which test runners' contexts refuse. */
const PROGRAM = `
const { parentPort } = require('node:worker_threads');
const ort = require('onnxruntime-web');
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
parentPort.on('message', async ({ file, values, dims }) => {
  try {
    const session = await ort.InferenceSession.create(file);
    const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', values, dims) });
    const { data } = outputs[session.outputNames[0]];
    await session.release();
    parentPort.postMessage({ data });
  } catch (error) {
    parentPort.postMessage({ error: String(error) });
  }
});`;

/** Runs ONNX files, one at a time. */
interface OnnxRuntime {
  run(file: Uint8Array, values: Float32Array, dims: readonly number[]): Promise<Float32Array>;
  stop(): Promise<void>;
}

/** Starts the thread. */
function openOnnxRuntime(): OnnxRuntime {
  const worker = new Worker(PROGRAM, { eval: true });
  return {
    run: (file, values, dims) =>
      new Promise((resolve, reject) => {
        worker.once('message', ({ data, error }: { data?: Float32Array; error?: string }) => {
          if (data) resolve(data);
          else reject(new Error(error));
        });
        worker.postMessage({ file, values, dims });
      }),
    stop: async () => {
      await worker.terminate();
    },
  };
}

const runtime = openOnnxRuntime();
afterAll(() => runtime.stop());

const SIZE = 2;

/** Images as the library has them, and with channels first. */
function images(
  graph: ModelGraph,
  seed: number,
): { batch: ReturnType<typeof noiseBatch>; turned: Float32Array; dims: number[] } {
  const batch = noiseBatch(graph, SIZE, seed);
  const [height = 1, width = 1, channels = 1] = inputShape(graph);
  if (inputShape(graph).length === 1) return { batch, turned: batch.images, dims: [SIZE, height] };
  const pixels = height * width;
  const turned = batch.images.map((_, i) => {
    const [n, rest] = [Math.floor(i / (pixels * channels)), i % (pixels * channels)];
    return batch.images[n * pixels * channels + (rest % pixels) * channels + Math.floor(rest / pixels)]!;
  });
  return { batch, turned, dims: [SIZE, channels, height, width] };
}

function expectSame(here: ArrayLike<number>, there: ArrayLike<number>, bound: number): void {
  expect(there).toHaveLength(here.length);
  for (let i = 0; i < here.length; i++) {
    expect(Math.abs(here[i]! - there[i]!)).toBeLessThanOrEqual(bound * Math.max(1, Math.abs(here[i]!)));
  }
}

const reference = (
  graph: ModelGraph,
  { params, moments }: ModelState,
  batch: ReturnType<typeof noiseBatch>,
): Float64Array => referenceForward(graph, doubled(params), batch, moments).logits;

describe.each(zooNames())('%s in ONNX', (name) => {
  it('gives the same in onnxruntime, and after a trip back', async () => {
    const graph = buildModel({ name, width: 4 }, [12, 12, 3], 3);
    const state = unevenState(graph, 5);
    const file = encodeOnnx(exportOnnx(graph, state));
    const { batch, turned, dims } = images(graph, 6);
    const wanted = reference(graph, state, batch);
    expectSame(wanted, await runtime.run(file, turned, dims), 1e-4);
    const back = importOnnx(decodeOnnx(file));
    expect(back.softmax).toBe(false);
    expectSame(wanted, reference(back.graph, back.state, batch), 1e-5);
  });
});

describe('any graph in ONNX', () => {
  it('gives the same in onnxruntime, and after a trip back', async () => {
    await fc.assert(
      fc.asyncProperty(smallGraphs(), fc.nat(1000), async (graph, seed) => {
        const state = unevenState(graph, seed);
        const file = encodeOnnx(exportOnnx(graph, state));
        const { batch, turned, dims } = images(graph, seed);
        const wanted = reference(graph, state, batch);
        expectSame(wanted, await runtime.run(file, turned, dims), 1e-4);
        const back = importOnnx(decodeOnnx(file));
        expectSame(wanted, reference(back.graph, back.state, batch), 1e-5);
      }),
      { seed: 3, numRuns: 60 },
    );
  }, 60_000);

  it('is an error of ours, whatever was done to the file', () => {
    const graph = buildModel({ name: 'cnn-small', width: 2 }, [8, 8, 3], 2);
    const file = encodeOnnx(exportOnnx(graph, unevenState(graph, 1)));
    const codes = new Set<string>();
    fc.assert(
      fc.property(damaged(file), (bytes) => {
        try {
          importOnnx(decodeOnnx(bytes));
        } catch (error) {
          codes.add((error as { code: string }).code);
        }
      }),
      { seed: 2, numRuns: 300 },
    );
    for (const code of codes)
      expect([
        'malformed_message',
        'op_unsupported',
        'invalid_graph',
        'invalid_params',
        'not_finite',
      ]).toContain(code);
    expect(codes.size).toBeGreaterThan(1);
  });
});

/** A model as another exporter would write it: a flattened image, channels first, into a transposed matrix. */
function foreign(changes: Partial<OnnxModel> = {}): OnnxModel {
  const floats = (length: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => Math.sin(i + length));
  return {
    name: 'torch model',
    opset: 13,
    inputs: [{ name: 'input.1', dims: [null, 2, 3, 3] }],
    outputs: [{ name: 'probabilities', dims: [null, 2] }],
    constants: [
      { name: 'w', dims: [4, 2, 1, 1], values: floats(8) },
      { name: 'm', dims: [2, 36], values: floats(72) },
      { name: 'b', dims: [2], values: floats(2) },
    ],
    nodes: [
      {
        name: '',
        op: 'Conv',
        inputs: ['input.1', 'w'],
        outputs: ['c 1'],
        attributes: { kernel_shape: { kind: 'ints', value: [1, 1] } },
      },
      { name: 'act', op: 'Relu', inputs: ['c 1'], outputs: ['r'], attributes: {} },
      { name: 'flat', op: 'Flatten', inputs: ['r'], outputs: ['f'], attributes: {} },
      {
        name: 'fc',
        op: 'Gemm',
        inputs: ['f', 'm', 'b'],
        outputs: ['l'],
        attributes: { transB: { kind: 'int', value: 1 } },
      },
      { name: 'soft', op: 'Softmax', inputs: ['l'], outputs: ['probabilities'], attributes: {} },
    ],
    ...changes,
  };
}

describe('a model of another exporter', () => {
  it('is taken over with its matrix in our order of pixels, its softmax noted', async () => {
    const { graph, state, softmax } = importOnnx(foreign());
    expect(softmax).toBe(true);
    const { batch, turned, dims } = images(graph, 1);
    const logits = {
      ...foreign(),
      outputs: [{ name: 'l', dims: [null, 2] }],
      nodes: foreign().nodes.slice(0, 4),
    };
    expectSame(reference(graph, state, batch), await runtime.run(encodeOnnx(logits), turned, dims), 1e-5);
  });

  it('that holds what this library has not is refused with every such node by its name', () => {
    const nodes = foreign().nodes.map((node) => (node.name === 'act' ? { ...node, op: 'Gelu' } : node));
    // Nodes that follow it are not named because of it.
    expect(() => importOnnx(foreign({ nodes }))).toThrow(
      /^\[op_unsupported\] cannot take over from ONNX layer: act \(Gelu\)$/,
    );
  });

  it('with a constant of another type is refused by the name of the constant', () => {
    const bytes = encodeOnnx(foreign());
    // dims [4,2,1,1] of `w`, then its type: float (1) becomes string (8).
    const at = Buffer.from(bytes).indexOf(Buffer.from([4, 2, 1, 1, 0x10, 1]));
    expect(at).toBeGreaterThan(0);
    expect(() => decodeOnnx(bytes.with(at + 5, 8))).toThrow('w has data type 8');
  });
});
