import { afterEach, describe, expect, it } from '@jest/globals';
import { chooseBackend, createTfjsTrainer, tryBackends } from '@espalier/client/tfjs';
import { buildModel, initialState } from '@espalier/core';
import { engine, KernelBackend, registerBackend, removeBackend } from '@tensorflow/tfjs-core';
import { nodeBackends, type NodeBackendOptions } from './node-backends.js';

/** A backend that does nothing but be there. */
class StandIn extends KernelBackend {
  override dispose(): void {
    // Nothing to free.
  }
}

const NODE_22: Pick<NodeBackendOptions, 'nodeVersion'> = { nodeVersion: '22.11.0' };

function notFound(name: string): Promise<never> {
  return Promise.reject(
    Object.assign(new Error(`Cannot find package '${name}' imported from here`), {
      code: 'ERR_MODULE_NOT_FOUND',
    }),
  );
}

afterEach(() => {
  if ('tensorflow' in engine().registryFactory) removeBackend('tensorflow');
});

describe('the best of nodeBackends', () => {
  it('takes wasm where no native package is installed, and says so', async () => {
    const choice = await chooseBackend(nodeBackends({ ...NODE_22, importer: notFound }));

    expect(choice.backend).toBe('wasm');
    expect(choice.tried.map(({ name, reason }) => [name, reason])).toEqual([
      ['tfjs-node-gpu', 'The package @tensorflow/tfjs-node-gpu is not installed.'],
      ['tfjs-node', 'The package @tensorflow/tfjs-node is not installed.'],
      ['wasm', 'It is ready.'],
    ]);
  });

  it('looks for the native packages of this very installation by default', async () => {
    const choice = await chooseBackend(nodeBackends(NODE_22));

    expect(choice.tried[0]?.reason).toBe('The package @tensorflow/tfjs-node-gpu is not installed.');
  });

  it('prefers the GPU package when it loads', async () => {
    const asked: string[] = [];
    const importer = (name: string): Promise<unknown> => {
      asked.push(name);
      registerBackend('tensorflow', () => new StandIn());
      return Promise.resolve({});
    };

    const choice = await chooseBackend(nodeBackends({ ...NODE_22, importer }));

    expect(choice).toMatchObject({ name: 'tfjs-node-gpu', backend: 'tensorflow' });
    expect(asked).toEqual(['@tensorflow/tfjs-node-gpu']);
  });

  it('goes on when a native library is broken', async () => {
    const importer = (name: string): Promise<unknown> => {
      if (name.endsWith('-gpu')) return Promise.reject(new Error('libcudart.so.11.0: cannot open\nmore'));
      registerBackend('tensorflow', () => new StandIn());
      return Promise.resolve({});
    };

    const choice = await chooseBackend(nodeBackends({ ...NODE_22, importer }));

    expect(choice.name).toBe('tfjs-node');
    expect(choice.tried[0]?.reason).toBe(
      'The package @tensorflow/tfjs-node-gpu is installed but did not load: libcudart.so.11.0: cannot open',
    );
  });

  it('goes on when the package brings a tfjs of its own', async () => {
    const choice = await chooseBackend(nodeBackends({ ...NODE_22, importer: () => Promise.resolve({}) }));

    expect(choice.backend).toBe('wasm');
    expect(choice.tried[1]?.reason).toMatch(/^It loaded, but gave no tensorflow backend to tfjs 4\.22\.0;/);
  });
});

describe('each of nodeBackends', () => {
  it('does not even try tfjs-node on Node 23 and newer, and says what to do', async () => {
    const importer = (): Promise<unknown> => Promise.reject(new Error('was asked for'));

    const [gpu, native, wasm, cpu] = await tryBackends(nodeBackends({ nodeVersion: '24.1.0', importer }));

    expect(gpu?.available).toBe(false);
    expect(native?.reason).toBe(
      '@tensorflow/tfjs-node 4.22.0 does not work on Node 23 and newer; this is Node 24.1.0.',
    );
    expect(native?.install).toBe(
      'On Node 20 or 22: npm install @tensorflow/tfjs-node@4.22.0 (it downloads a native library).',
    );
    expect(wasm).toEqual({ name: 'wasm', available: true, reason: 'It is ready.', install: '' });
    expect(cpu).toEqual({ name: 'cpu', available: true, reason: 'It is ready.', install: '' });
  });

  it('leaves trainers on the backend they were made for', async () => {
    const graph = buildModel({ name: 'mlp', width: 4 }, [2, 2, 1], 2);
    const trainer = await createTfjsTrainer({ backend: 'wasm' });
    await trainer.load(graph, initialState(graph, 1), null);
    const batch = { images: new Float32Array(4), labels: new Uint16Array(1), size: 1 };
    const before = await trainer.predict(batch);

    await tryBackends(nodeBackends({ ...NODE_22, importer: notFound }));

    expect(await trainer.predict(batch)).toEqual(before);
    await trainer.dispose();
  });
});
