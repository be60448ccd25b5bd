import {
  applyMask,
  EspalierError,
  initialState,
  type Mask,
  type MaskReference,
  type ModelGraph,
  type ModelState,
  type MomentTree,
  type UpdateSummary,
  measuresMoments,
} from '@espalier/core';
import {
  withMoments,
  mergeMeasurements,
  candidateModel,
  followOwnMask,
  type NestedPool,
  closeRound,
  type UpdateReader,
  globalModel,
  type GlobalModel,
  prepare,
  SubModels,
  type RoundRequests,
  addEvaluations,
  mergeCandidates,
  selectCandidate,
} from '@espalier/core/round';
import {
  adjustmentRoundsOf,
  coordinateRule,
  emptySlots,
  maskRuleNamed,
  methodNamed,
  serverOptimizerNamed,
  type MaskRule,
  type OptimizerSlots,
  type RuleMemory,
  type AdjustmentContext,
  type RuleObserver,
} from '@espalier/core/methods';
import type { AcceptedAnswer, Adjustment, CoordinatorEffect } from '@espalier/core/protocol';
import { encodeBundle, type WireContext } from '@espalier/proto';
import { aggregationFigures, aggregationNotes } from '../record/aggregation-figures.js';
import { CanaryCheck } from './canary-check.js';
import { EvaluationQueue } from './evaluation-queue.js';
import { TrafficLedger } from '../record/ledger.js';
import type { RunModelOptions } from './run-model-options.js';
import type { RunResult } from '../record/run-result.js';
import { AnswerStore } from './answer-store.js';
import { RunRecord } from '../record/run-record.js';
import { storeRunModel, type RunModelState } from './run-model-state.js';
import type { StoredRunModel } from '../journal/journal.js';

/** The round being worked on. */
interface OpenRound {
  readonly round: number;
  /** Null until the first client is asked to train. */
  readonly requests: RoundRequests | null;
  readonly started: number;
}

const NO_REQUESTS: RoundRequests = { topGradients: [], readjustment: null, extrusion: null };

/** Holds the model and does the coordinator's arithmetic. Which, and when, the reducer says. */
export class RunModel {
  readonly ledger = new TrafficLedger();
  readonly answers: AnswerStore;
  readonly record: RunRecord;
  readonly canaries: CanaryCheck;
  readonly #options: RunModelOptions;
  readonly #graph: ModelGraph;
  readonly #context: WireContext;
  readonly #evaluations: EvaluationQueue;
  readonly #now: () => number;
  #model: GlobalModel | null = null;
  /** The last model whose moments are its own. */
  #complete: GlobalModel | null = null;
  /** State of the server optimiser; null before its first step. */
  #storedSlots: OptimizerSlots | null = null;
  /** State of the method's rule. */
  #memory: RuleMemory | null = null;
  readonly #subModels = new SubModels();
  #pool: NestedPool | null = null;
  #poolMoments: readonly MomentTree[] = [];
  #open: OpenRound | null = null;
  readonly #preparing = { aborted: false };

  /**
   * @param context of the job's graph
   * @param now gives the seconds the run has lasted
   */
  constructor(
    options: RunModelOptions,
    graph: ModelGraph,
    { context, now }: { readonly context: WireContext; readonly now: () => number },
  ) {
    this.#options = options;
    this.#graph = graph;
    this.#context = context;
    this.#now = now;
    this.answers = new AnswerStore(options.journal, context);
    this.record = new RunRecord(this.ledger);
    this.canaries = new CanaryCheck(options.trainer);
    this.#evaluations = new EvaluationQueue(options, this.record, this.canaries.whenReady);
  }

  /** Goes on from a snapshot; an evaluation that the snapshot does not have is made again. */
  async restore({ model, slots, memory, pool, poolMoments, record }: RunModelState): Promise<void> {
    this.#model = model;
    this.#storedSlots = slots;
    this.#memory = memory;
    this.#pool = pool;
    this.#poolMoments = poolMoments;
    this.record.restore(record);
    if (!this.record.isUnmeasured) this.#complete = model;
    await this.#evaluations.restore(model);
  }

  /** Makes everything durable that a coordinator must have to go on from here. */
  async save(): Promise<StoredRunModel> {
    const { job, journal } = this.#options;
    const state: RunModelState = {
      model: this.model,
      slots: this.#storedSlots,
      memory: this.#memory,
      pool: this.#pool,
      poolMoments: this.#poolMoments,
      record: this.record.store(),
    };
    return storeRunModel(state, {
      job,
      journal,
      context: this.#context,
      bundle: (model) => this.#bundle(model),
    });
  }

  /** Pretrains and prunes coarsely, or takes the candidates that it was given. */
  async prepare(): Promise<void> {
    const { candidates = null } = this.#options;
    await this.canaries.whenReady;
    if (candidates === null) await this.#prepareModel();
    else this.#takePool(candidates);
    this.#options.onReport?.({ kind: 'prepared', seconds: this.#now() });
  }

  /** Breaks {@link prepare} off, which rejects with `aborted` if it is still pretraining. */
  breakOff(): void {
    this.#preparing.aborted = true;
  }

  async #prepareModel(): Promise<void> {
    const { job, trainer, serverData, initial } = this.#options;
    const signal = this.#preparing;
    const { state, start } = await prepare(job, this.#graph, { trainer, serverData, initial, signal });
    if (start.kind === 'mask') {
      this.#model = globalModel(this.#graph, start.mask, {
        ...state,
        params: applyMask(this.#graph, start.mask, state.params),
      });
      this.#complete = this.#model;
    } else this.#takePool(start.pool);
  }

  #takePool(pool: NestedPool): void {
    this.#pool = pool;
    // Without selection the first candidate is taken as it is.
    this.#choose(0, pool.moments);
  }

  get model(): GlobalModel {
    if (this.#model === null) throw new EspalierError('internal', 'there is no model yet');
    return this.#model;
  }

  /** The model as far as clients of that share train it. */
  modelFor(share: number): GlobalModel {
    return this.#subModels.of(this.model, share);
  }

  get #slots(): OptimizerSlots {
    const { graph, mask } = this.model;
    const { kind } = this.#options.job.serverOptimizer;
    return this.#storedSlots ?? emptySlots(serverOptimizerNamed(kind), graph, mask);
  }

  /** The last model whose moments are its own, as a file; null before there is one. */
  currentBundle(): Uint8Array | null {
    return this.#complete && this.#bundle(this.#complete);
  }

  get pool(): NestedPool {
    if (this.#pool === null) throw new EspalierError('internal', 'this job has no pool');
    return this.#pool;
  }

  get poolMoments(): readonly MomentTree[] {
    return this.#poolMoments;
  }

  /** Begins the round's accounts when it is new: its first question is on its way. */
  openRound(round: number): OpenRound {
    const open = this.#open?.round === round ? this.#open : { round, requests: null, started: this.#now() };
    if (open !== this.#open) this.record.setupDone();
    this.#open = open;
    return open;
  }

  /** Returns the requests of this round besides training. */
  roundRequests(round: number, adjustment: Adjustment | null): RoundRequests {
    const open = this.openRound(round);
    const requests =
      open.requests ??
      (adjustment === null ? NO_REQUESTS : this.#requests(this.#adjustmentContext(adjustment)));
    this.#open = { ...open, requests };
    return requests;
  }

  #requests(context: AdjustmentContext): RoundRequests {
    const rule = this.#adjustingRule;
    return { ...NO_REQUESTS, topGradients: rule.requests(context), ...rule.localWork?.(context) };
  }

  /** Null for a mask that stays. */
  get #rule(): MaskRule | null {
    const { maskRule } = methodNamed(this.#options.job.method);
    return maskRule === null ? null : maskRuleNamed(maskRule);
  }

  get #adjustingRule(): MaskRule {
    const rule = this.#rule;
    if (rule) return rule;
    throw new EspalierError('internal', `method ${this.#options.job.method} has no rule to adjust by`);
  }

  #adjustmentContext({ due, number }: Adjustment): AdjustmentContext {
    const { job } = this.#options;
    const { pruning: spec, targetDensity, seed } = job;
    const learningRate = job.learningRate.initial;
    const adjustments = Math.max(1, adjustmentRoundsOf(job).length);
    const { mask } = this.model;
    return {
      ...{ graph: this.#graph, seed, learningRate, mask, spec, targetDensity, adjustments },
      ...{ round: due, adjustment: number },
    };
  }

  /** The weights that everything began with, before pretraining. */
  #origin(): ModelState {
    const { job, initial } = this.#options;
    return initial ?? initialState(this.#graph, job.seed);
  }

  /** Requests of the open round; none outside rounds. */
  get openRequests(): RoundRequests {
    return this.#open?.requests ?? NO_REQUESTS;
  }

  /** Does what the effect says; gives the model's mask when there is one. */
  async compute(
    effect: Extract<CoordinatorEffect, { kind: 'compute' }>,
    asked: number,
  ): Promise<MaskReference | null> {
    const { phase, answers } = effect;
    if (phase === 'merge') await this.#merge(answers);
    else if (phase === 'choose') await this.#select(answers);
    else if (phase === 'settle') await this.#settle(effect);
    else await this.#close(effect, asked);
    if (phase === 'merge') return null;
    const { version, hash } = this.model.mask;
    return { version, hash };
  }

  async #merge(answers: readonly AcceptedAnswer[]): Promise<void> {
    const reports = await Promise.all(answers.map(({ payload }) => this.answers.moments(payload)));
    const { pool, aggregation, numClients } = this.#options.job;
    this.#poolMoments = mergeCandidates(reports, pool.momentMode, coordinateRule(aggregation, numClients));
  }

  async #select(answers: readonly AcceptedAnswer[]): Promise<void> {
    const reports = await Promise.all(answers.map(({ payload }) => this.answers.losses(payload)));
    const { aggregation, numClients } = this.#options.job;
    const selection = selectCandidate(this.pool, reports, coordinateRule(aggregation, numClients));
    this.record.selectionMade(selection);
    this.#choose(selection.chosen, this.#poolMoments[selection.chosen] ?? this.pool.moments);
    // Never asked for again; snapshots need not carry them.
    this.#pool = null;
    this.#poolMoments = [];
    this.#options.onReport?.({ kind: 'selected', candidate: selection.chosen, losses: selection.losses });
  }

  #choose(candidate: number, moments: MomentTree): void {
    const counts = this.pool.counts[candidate];
    if (!counts) throw new EspalierError('internal', `the pool has no candidate ${candidate}`);
    const { mask, params } = candidateModel(this.#graph, this.pool, counts);
    this.#model = globalModel(this.#graph, mask, { params, moments });
    this.#complete = this.#model;
  }

  /** Gives the model that the last round made the moments that clients measured at its weights. */
  async #settle({ round, answers }: Extract<CoordinatorEffect, { kind: 'compute' }>): Promise<void> {
    const { job, log } = this.#options;
    const measurements = await Promise.all(answers.map(({ payload }) => this.answers.measurement(payload)));
    const asked = round < job.rounds ? Math.min(job.clientsPerRound, job.numClients) : job.numClients;
    const moments = mergeMeasurements(measurements, job.aggregation, asked);
    if (moments === null)
      log.warn(
        `${measurements.length} measurements are too few: the model keeps the moments of the one before`,
      );
    else this.#model = withMoments(this.model, moments);
    const macs = measurements.reduce((sum, measurement) => sum + measurement.macs, 0);
    this.record.measured({ model: this.model, clients: measurements.length, macs });
    await this.#completed(round - 1);
  }

  /** The model of that round is as it will be evaluated, kept and shipped. */
  async #completed(round: number): Promise<void> {
    this.#complete = this.model;
    if (round < 0) return;
    await this.#evaluations.modelReady(round, this.model);
    await this.#options.store.checkpoint(round, this.#bundle(this.model));
  }

  async #close(effect: Extract<CoordinatorEffect, { kind: 'compute' }>, asked: number): Promise<void> {
    const { round, answers, adjustment } = effect;
    const { job, log } = this.#options;
    const { topGradients: requests } = this.roundRequests(round, adjustment);
    const reader: UpdateReader = this.answers.updates(answers.map(({ payload }) => payload));
    const exchange =
      adjustment === null
        ? null
        : {
            rule: this.#adjustingRule,
            context: this.#adjustmentContext(adjustment),
            requests,
            origin: () => this.#origin().params,
          };
    const began = this.#now();
    const { aggregation: rule, serverOptimizer } = job;
    const rules = {
      ...{ round, aggregation: rule, serverOptimizer, adjustment: exchange },
      ...{ maskOf: this.#maskOf(), observer: this.#observer(round) },
      intended: Math.min(job.clientsPerRound, job.numClients),
    };
    const stood = { model: this.model, slots: this.#slots };
    const { model, slots, updates, exchanged, seen, memory } = await closeRound(stood, reader, rules);
    this.answers.forgetProfiles();
    const aggregation = aggregationFigures(seen, answers, this.#now() - began);
    this.#model = model;
    this.#storedSlots = slots;
    this.#memory = memory;
    const measures = measuresMoments(job.momentMode, this.#graph);
    for (const { message, facts } of aggregationNotes(round, aggregation)) log.warn(message, facts);
    const { seconds } = aggregation;
    log.info(`aggregated ${answers.length} updates of round ${round + 1}`, {
      round,
      updates: answers.length,
      seconds,
    });
    this.record.closed({
      round,
      model,
      updates,
      asked,
      seconds: this.#now() - (this.#open?.started ?? 0),
      adjustment: adjustment === null ? null : { number: adjustment.number, exchanged: exchanged ?? {} },
      aggregation,
      measures,
    });
    const before = updates.flatMap(({ evaluation }) => evaluation ?? []);
    if (before.length > 0) await this.#evaluations.evaluatedByClients(round, addEvaluations(before));
    if (!measures) await this.#completed(round);
  }

  /**
   * Returns a function that gives the mask of an update; null where every client trains under the round's.
   */
  #maskOf(): ((update: UpdateSummary) => Mask) | null {
    const { heterogeneous } = this.#options.job;
    const { readjustment } = this.openRequests;
    if (heterogeneous === null && readjustment === null) return null;
    const masks = (heterogeneous?.shares ?? [1]).map((share) => this.modelFor(share).mask);
    const received = new Map(masks.map((mask) => [mask.hash, mask]));
    return ({ maskHash, ownMask }) => {
      const mask = received.get(maskHash);
      if (mask === undefined) throw new EspalierError('internal', `no client was sent mask ${maskHash}`);
      return ownMask && readjustment !== null ? followOwnMask(mask, ownMask, readjustment) : mask;
    };
  }

  #observer(round: number): RuleObserver | null {
    const { mask } = this.model;
    const seen = { graph: this.#graph, mask, spec: this.#options.job.pruning, round };
    return this.#rule?.observe?.(seen, this.#memory) ?? null;
  }

  /** The last evaluation, the summary and the final model. */
  async finish(answers: readonly AcceptedAnswer[], stopped: boolean): Promise<RunResult> {
    const evaluations = await Promise.all(answers.map(({ payload }) => this.answers.evaluation(payload)));
    await this.#evaluations.finish(evaluations.length > 0 ? addEvaluations(evaluations) : null);
    if (this.#model === null)
      throw new EspalierError('stopped', 'the run was stopped before there was a model');
    const { job, store } = this.#options;
    const summary = this.record.summary(job, this.model, { stopped, seconds: this.#now() });
    await store.finish(summary, this.#bundle(this.model));
    const { graph, mask, state } = this.model;
    return { summary, graph, mask, state };
  }

  #bundle({ graph, mask, state }: GlobalModel): Uint8Array {
    const { job, classes } = this.#options;
    const metadata = { job: job.name, method: job.method, seed: String(job.seed) };
    return encodeBundle({ graph, mask, state, classes, normalization: job.normalization, metadata });
  }
}
