export { analyticSignals } from './analytic-signals.js';
export type { AnalyticSignal } from './plain-moments.js';
export { sampledSignals, type SampledSignal } from './sampled-signals.js';
export { repairNetwork, type RepairOptions } from './repair-network.js';
export type { Distribution } from './distribution.js';
export type { LayerNumbers } from './layer-numbers.js';
export type { Marginals, NodeSide, Signals, SignalTurn } from './signals.js';
export type { Activations } from './activations.js';
export type { HermiteSeries } from './gaussian.js';
