/** Backends that a tab can train with. */
export type BackendName = 'engine' | 'webgpu' | 'webgl';

/** Choice of a tab's trainer. Plain data: it crosses to workers. */
export interface TrainerChoice {
  readonly backend: BackendName;
  /** Threads of the engine; above 1 only where the page is isolated. */
  readonly threads: number;
  /** Bytes the engine may plan with. */
  readonly memoryBudget: number;
}

/** A backend as the page offers it. */
export interface BackendOffer {
  readonly name: BackendName;
  readonly label: string;
  /** Null where it can be chosen, else why not. */
  readonly missing: string | null;
}

/** Lists the backends that this browser offers, the engine first. */
export function offeredBackends(): readonly BackendOffer[] {
  const webgl = typeof OffscreenCanvas !== 'undefined' && typeof WebGL2RenderingContext !== 'undefined';
  return [
    { name: 'engine', label: 'Sparse engine (recommended)', missing: null },
    {
      name: 'webgpu',
      label: 'WebGPU, masked dense',
      missing: 'gpu' in navigator ? null : 'this browser has no WebGPU',
    },
    { name: 'webgl', label: 'WebGL, masked dense', missing: webgl ? null : 'this browser has no WebGL 2' },
  ];
}
