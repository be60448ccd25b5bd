import { useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import type { EngineBenchResult } from '@espalier/engine';
import { byteText } from '../ui/format.js';
import { Figures } from '../ui/figures.js';
import { Masthead } from '../ui/masthead.js';
import type { BenchRequest } from './bench-worker.js';

/**
 * Measures the engine in this browser, on the network that `?model=…&width=…&size=…&density=…&batch=…`
 * describes.
 */
export function BenchPage(): JSX.Element {
  const request = requestOf(new URLSearchParams(location.search));
  const result = useSignal<EngineBenchResult | null>(null);
  useEffect(() => {
    run(request, result);
  }, []);
  const { model, width, imageSize, density, batch } = request;
  return (
    <main class="page narrow" data-state={result.value ? 'done' : 'running'}>
      <Masthead here={null} />
      <header>
        <h1>The engine in this browser</h1>
        <p class="lead">{`${model}, width ${width}, ${imageSize}×${imageSize} images, density ${density}, batches of ${batch}, one thread.`}</p>
      </header>
      <section class="card">
        {result.value ? <Figures items={itemsOf(result.value)} /> : <p class="empty">Measuring …</p>}
      </section>
      {result.value && <pre data-figure="result">{JSON.stringify(result.value)}</pre>}
    </main>
  );
}

function requestOf(params: URLSearchParams): BenchRequest {
  const number = (name: string, usual: number): number => Number(params.get(name) ?? usual) || usual;
  return {
    model: params.get('model') ?? 'resnet18',
    width: number('width', 16),
    imageSize: number('size', 32),
    density: number('density', 0.05),
    batch: number('batch', 32),
  };
}

function run(request: BenchRequest, result: Signal<EngineBenchResult | null>): void {
  const worker = new Worker(new URL('./bench-worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<EngineBenchResult>) => {
    worker.terminate();
    result.value = data;
  };
  worker.postMessage(request);
}

function itemsOf({ msPerImage, usefulGflops, plannedBytes, machine }: EngineBenchResult) {
  return [
    { label: 'Training', value: `${msPerImage.train.toFixed(2)} ms`, hint: 'an image' },
    { label: 'Forward', value: `${msPerImage.forward.toFixed(2)} ms`, hint: 'an image' },
    {
      label: 'Useful work',
      value: `${usefulGflops.toFixed(1)} GFLOP/s`,
      hint: `the machine: ${machine.gflops.toFixed(0)}`,
    },
    { label: 'Memory', value: byteText(plannedBytes) },
  ];
}
