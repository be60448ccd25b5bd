import {
  checkBatch,
  checkKept,
  checkTopGradientRequests,
  checkTrainable,
  checkTrainOptions,
  epochBatches,
  EspalierError,
  type Batch,
  type Dataset,
  type EvaluateOptions,
  type Evaluation,
  type Footprint,
  type Mask,
  type ModelGraph,
  type ModelState,
  type MomentOptions,
  type MomentTree,
  type OpKind,
  type ParamTree,
  type TopGradientRequest,
  type TopGradients,
  type TrainControl,
  type Trainer,
  type TrainOptions,
  type TrainResult,
} from '@espalier/core';
import { forwardMacs, trainMacs } from '@espalier/core/report';
import { differentiate, forwardBatch, positionCounts, readLogits, readLoss } from './batch-pass.js';
import type { GradientSink } from './backward.js';
import { Breather } from './breathe.js';
import { takeTurnOn } from './exclusive.js';
import { LoadedModel } from './loaded-model.js';
import { MemoryMeter } from './memory-meter.js';
import { createMomentTracker, trackPass } from './moment-tracker.js';
import { nodeOps } from './nodes/node-ops.js';
import { readFloats } from './tensors.js';
import { topGradientsOf, TrainingRun } from './training-run.js';

/** Masked-dense training on one tfjs backend, in float32. */
export class TfjsTrainer implements Trainer {
  readonly name: string;
  readonly ops: ReadonlySet<OpKind> = new Set(Object.keys(nodeOps) as OpKind[]);
  readonly denseFrom = 0;
  readonly #backend: string;
  readonly #meter = new MemoryMeter();
  readonly #watch = (): void => {
    this.#meter.sample();
  };
  #model: LoadedModel | undefined;
  #disposed = false;

  /** @param backend a tfjs backend that is set up */
  constructor(backend: string) {
    this.#backend = backend;
    this.name = `tfjs-${backend}`;
  }

  load(graph: ModelGraph, state: ModelState, mask: Mask | null): Promise<void> {
    return this.#turn(() => {
      checkOps(graph, this);
      const model = new LoadedModel(graph, state, mask);
      this.#model?.dispose();
      this.#model = model;
      this.#meter.end();
      this.#meter.reset();
      return Promise.resolve();
    });
  }

  train(dataset: Dataset, options: TrainOptions, control: TrainControl = {}): Promise<TrainResult> {
    return this.#withModel(async (model) => {
      checkTrainable(model.plan.graph, dataset);
      checkTrainOptions(model.plan.graph, options);
      const run = new TrainingRun({
        model,
        dataset,
        options,
        control,
        watch: this.#watch,
        breather: new Breather(),
      });
      try {
        await run.run();
        model.setParams(run.params);
        run.params.clear();
        model.setMoments(run.tracker.result());
      } finally {
        run.dispose();
      }
      const { losses, steps, samplesSeen, topGradients } = run;
      return {
        state: await model.read(),
        losses,
        steps,
        samplesSeen,
        microBatch: options.batchSize,
        topGradients: inOrder(options.topGradients, topGradients),
      };
    });
  }

  gradients(batch: Batch): Promise<{ readonly loss: number; readonly gradients: ParamTree }> {
    return this.#withModel(async (model) => {
      const found = new Map<string, Float32Array>();
      const loss = await this.#differentiate(model, batch, async (name, gradient) => {
        found.set(name, (await readFloats(gradient)).slice());
      });
      return { loss, gradients: new Map(model.plan.params.map(({ name }) => [name, found.get(name)!])) };
    });
  }

  topGradients(batch: Batch, requests: readonly TopGradientRequest[]): Promise<readonly TopGradients[]> {
    return this.#withModel(async (model) => {
      checkTopGradientRequests(model.plan.graph, requests);
      const found: TopGradients[] = [];
      await this.#differentiate(model, batch, async (name, gradient) => {
        const request = requests.find(({ layer }) => layer === name);
        if (request !== undefined) found.push(await topGradientsOf(model, gradient, request));
      });
      return inOrder(requests, found);
    });
  }

  batchNormMoments(dataset: Dataset, { mode, ...options }: MomentOptions): Promise<MomentTree> {
    return this.#withModel(async (model) => {
      checkTrainable(model.plan.graph, dataset);
      if (mode.kind === 'ema') checkKept(mode.momentum);
      const tracker = createMomentTracker(mode, model.plan.graph, model.momentTree);
      const passes = mode.kind === 'ema' ? mode.passes : 1;
      const breather = new Breather();
      for (let i = 0; i < passes; i++) {
        tracker.beginPass();
        for (const batch of epochBatches(dataset, options)) {
          const pass = forwardBatch(model.plan, model, batch, { mode: 'statistics', watch: this.#watch });
          try {
            await trackPass(tracker, pass, positionCounts(model.plan, batch));
          } finally {
            pass.dispose();
          }
          await breather.breathe();
        }
      }
      return tracker.result();
    });
  }

  evaluate(dataset: Dataset, options: EvaluateOptions): Promise<Evaluation> {
    return this.#withModel(async (model) => {
      checkTrainable(model.plan.graph, dataset);
      const sums = { lossSum: 0, correct: 0, samples: 0 };
      const breather = new Breather();
      for (const batch of epochBatches(dataset, options)) {
        const pass = forwardBatch(model.plan, model, batch, { mode: 'inference', watch: this.#watch });
        try {
          const { lossSum, correct } = await readLoss(model.plan, pass, batch);
          sums.lossSum += lossSum;
          sums.correct += correct;
          sums.samples += batch.size;
        } finally {
          pass.dispose();
        }
        await breather.breathe();
      }
      return sums;
    });
  }

  predict(batch: Batch): Promise<Float32Array> {
    return this.#withModel(async (model) => {
      checkBatch(model.plan.graph, batch);
      const pass = forwardBatch(model.plan, model, batch, { mode: 'inference', watch: this.#watch });
      try {
        return await readLogits(model.plan, pass);
      } finally {
        pass.dispose();
      }
    });
  }

  footprint(): Footprint {
    const { plan } = this.#loaded();
    return {
      peakBytes: this.#meter.peakBytes,
      forwardMacsPerSample: forwardMacs(plan.graph, null).total,
      trainMacsPerSample: trainMacs(plan.graph, null).total,
    };
  }

  dispose(): Promise<void> {
    if (this.#disposed) return Promise.resolve();
    return this.#turn(() => {
      this.#disposed = true;
      this.#model?.dispose();
      this.#model = undefined;
      return Promise.resolve();
    });
  }

  async #differentiate(model: LoadedModel, batch: Batch, sink: GradientSink): Promise<number> {
    checkBatch(model.plan.graph, batch);
    return differentiate({
      plan: model.plan,
      state: model,
      batch,
      watch: this.#watch,
      beforeBackward: (loss) => {
        if (!Number.isFinite(loss))
          throw new EspalierError('not_finite', `the loss of the batch is ${String(loss)}`);
        return Promise.resolve();
      },
      sink,
    });
  }

  #withModel<T>(work: (model: LoadedModel) => Promise<T>): Promise<T> {
    return this.#turn(() => work(this.#loaded()));
  }

  #turn<T>(work: () => Promise<T>): Promise<T> {
    return takeTurnOn(this.#backend, async () => {
      if (this.#disposed)
        throw new EspalierError('invalid_argument', `${this.name} is disposed; create another`);
      this.#meter.begin();
      try {
        return await work();
      } finally {
        this.#meter.sample();
        this.#meter.end();
      }
    });
  }

  #loaded(): LoadedModel {
    if (this.#model === undefined) {
      throw new EspalierError('invalid_argument', `${this.name} holds no network; call load first`);
    }
    return this.#model;
  }
}

function checkOps(graph: ModelGraph, { ops, name }: Trainer): void {
  const stranger = graph.nodes.find(({ op }) => !ops.has(op));
  if (stranger === undefined) return;
  throw new EspalierError('op_unsupported', `${name} cannot train ${stranger.name}, a ${stranger.op}`, {
    node: stranger.name,
  });
}

/** Results in the order they were asked for. */
function inOrder(
  requests: readonly TopGradientRequest[],
  found: readonly TopGradients[],
): readonly TopGradients[] {
  return requests.flatMap(({ layer }) => found.filter((one) => one.layer === layer));
}
