import { describe, expect, it } from '@jest/globals';
import { chooseBackend, tryBackends, type BackendCandidate } from './backends.js';
import { createTfjsTrainer } from './index.js';

function candidate(name: string, failure?: Error): BackendCandidate {
  return {
    name,
    backend: `${name}-backend`,
    install: `Install ${name}.`,
    open: () => (failure === undefined ? Promise.resolve() : Promise.reject(failure)),
  };
}

describe('chooseBackend', () => {
  it('takes the first that opens, asks none after it, and says why those before it did not', async () => {
    const never: BackendCandidate = {
      ...candidate('third'),
      open: () => Promise.reject(new Error('must not be asked')),
    };

    const choice = await chooseBackend([
      candidate('first', new Error('No disk.')),
      candidate('second'),
      never,
    ]);

    expect(choice).toEqual({
      name: 'second',
      backend: 'second-backend',
      tried: [
        { name: 'first', available: false, reason: 'No disk.', install: 'Install first.' },
        { name: 'second', available: true, reason: 'It is ready.', install: '' },
      ],
    });
  });

  it('gives every reason when none opens', async () => {
    const choice = chooseBackend([
      candidate('first', new Error('No disk.')),
      candidate('second', new Error('No key.')),
    ]);

    await expect(choice).rejects.toThrow('[backend_unavailable]');
    await expect(choice).rejects.toThrow('first: No disk. second: No key.');
  });
});

describe('tryBackends', () => {
  it('asks all', async () => {
    const reports = await tryBackends([
      candidate('first'),
      candidate('second', new Error('No.')),
      candidate('third'),
    ]);

    expect(reports.map(({ available }) => available)).toEqual([true, false, true]);
  });
});

describe('createTfjsTrainer', () => {
  it('is named after its backend', async () => {
    const trainer = await createTfjsTrainer({ backend: 'wasm' });

    expect(trainer.name).toBe('tfjs-wasm');
    await trainer.dispose();
  });

  it('refuses a backend that nobody has set up', async () => {
    await expect(createTfjsTrainer({ backend: 'abacus' })).rejects.toThrow(
      '[backend_unavailable] the tfjs backend abacus is not set up',
    );
  });
});
