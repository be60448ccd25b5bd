import {
  EspalierError,
  toEspalierError,
  unreachable,
  type ModelGraph,
  measuresMoments,
} from '@espalier/core';
import { measurementWork, carriedShare, type Participant, trainWork } from '@espalier/core/round';
import {
  type ClientId,
  type ConnectionId,
  PROTOCOL_VERSION,
  type ClientJob,
  type ClientMessage,
  type CoordinatorEffect,
  type FrameConnection,
  type Request,
} from '@espalier/core/protocol';
import { BufferPool, messageBytesBound, portableHash, wireContext } from '@espalier/proto';
import { AnswerIntake, isAnswer } from './answer-intake.js';
import { ClientHistory } from '../record/client-history.js';
import { ClientLink, type LinkWire, type ReadMessage } from './client-link.js';
import { clientJob } from './client-job.js';
import { AdmissionWatch } from './admission-watch.js';
import { shareOf, type ReducerAccess } from './reducer-access.js';
import { checkJoin } from './join-check.js';
import { UnfinishedTransfers } from './unfinished-transfers.js';
import { ModelSender } from './model-sender.js';
import type { ConnectionOptions } from './connection-options.js';
import { addressOf, RefusalLog } from './refusal-log.js';
import { scratchFloats } from '../model/scratch-floats.js';
import type { RunModel } from '../model/run-model.js';
import { toldOf } from './told-of.js';

type ConnectionEffect = Extract<
  CoordinatorEffect,
  { kind: 'seat' | 'admit' | 'refuseConnection' | 'refuse' | 'accept' | 'ask' }
>;
/**
 * Entry and exit of all messages: knows which connection belongs to which client, and checks contents before
 * the reducer does.
 */
export class ClientConnections {
  /** Observations of every client, for display only. */
  readonly history: ClientHistory;
  readonly #options: ConnectionOptions;
  readonly #job: ClientJob;
  readonly #wire: LinkWire;
  readonly #sender: ModelSender;
  readonly #unfinished = new UnfinishedTransfers();
  readonly #admission: AdmissionWatch;
  readonly #refusals: RefusalLog;
  readonly #pool = new BufferPool();
  readonly #runModel: RunModel;
  readonly #reducer: ReducerAccess;
  readonly #links = new Map<ConnectionId, ClientLink>();
  readonly #seated = new Map<ClientId, ClientLink>();
  /** Connections whose join the reducer has decided on and nobody has heard of yet: effects wait for the disk. */
  readonly #joins = new Set<ConnectionId>();
  /** Connections that closed meanwhile: one of them may be the older one of a client that is coming back. */
  readonly #lost: ClientLink[] = [];
  readonly #answers: AnswerIntake;

  constructor(options: ConnectionOptions, graph: ModelGraph, runModel: RunModel, reducer: ReducerAccess) {
    this.history = new ClientHistory(options.clock);
    this.#refusals = new RefusalLog(options);
    this.#options = options;
    this.#runModel = runModel;
    this.#reducer = reducer;
    this.#job = clientJob(options, graph);
    const { maxFrameBytes } = options.job;
    this.#wire = {
      context: wireContext(graph),
      limits: { maxFrameBytes, maxMessageBytes: messageBytesBound(graph) },
      hash: options.hash ?? portableHash,
      pool: this.#pool,
      memory: scratchFloats(),
    };
    this.#sender = new ModelSender(this.#wire);
    this.#answers = new AnswerIntake({
      ...{ graph, runModel, reducer, hasTestData: options.testData !== null },
      measures: measuresMoments(options.job.momentMode, graph),
      kept: (bytes) => {
        this.#pool.give(bytes);
      },
    });
    this.#admission = new AdmissionWatch(options, {
      links: () => this.#links.values(),
      refuse: (link, error) => {
        this.#refuse(link, error, true);
      },
      expel: (link, error) => {
        this.#noteRefusal(link, error);
        link.expel(error);
      },
    });
  }

  /** Challenges a new connection. */
  open(connection: FrameConnection): void {
    this.#runModel.ledger.open(connection);
    const nonce = this.#options.randomBytes(32);
    const link = new ClientLink(
      { id: this.#token(8), nonce, connection },
      {
        onMessage: (from, received) => {
          this.#receive(from, received);
        },
        onClose: (from) => {
          this.#closed(from);
        },
        onError: (from, error) => {
          this.#contentRefused(from, error, true);
        },
      },
      this.#wire,
    );
    this.#links.set(link.id, link);
    this.#admission.watch(link);
    link.send({ kind: 'challenge', protocolVersion: PROTOCOL_VERSION, nonce, job: this.#job });
  }

  /** Somebody was turned away before there was a connection. */
  turnedAway(error: EspalierError, peer: string): void {
    this.#runModel.record.refused(error.code);
    const { code, message } = error;
    this.#refusals.write({
      who: addressOf(peer),
      code,
      message: `turned ${peer} away: ${message}`,
      facts: { code, peer },
    });
  }

  /** Does what the reducer decided about one client. */
  perform(effect: ConnectionEffect): void {
    switch (effect.kind) {
      case 'seat':
        this.#seat(effect);
        this.#joined(effect.connection);
        return;
      case 'admit':
        this.#seated.get(effect.clientId)?.send({ kind: 'admitted' });
        return;
      case 'refuseConnection':
        this.#refuse(
          this.#links.get(effect.connection),
          new EspalierError(effect.code, effect.message),
          true,
        );
        this.#joined(effect.connection);
        return;
      case 'refuse':
        this.#refuse(
          this.#seated.get(effect.clientId),
          new EspalierError(effect.code, effect.message, effect.facts),
          effect.fatal,
        );
        return;
      case 'accept':
        this.history.accepted(effect.clientId);
        this.#seated.get(effect.clientId)?.send({ kind: 'accepted', round: effect.round });
        return;
      case 'ask':
        this.#ask(effect.clientId, effect.request);
        return;
      default:
        unreachable(effect);
    }
  }

  /** Resolves when everything queued so far has been taken, or its connection is gone. */
  async sent(): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.sent()));
  }

  /** Closes everything, once what is queued has left. */
  async closeAll(reason: string): Promise<void> {
    this.#admission.close();
    this.#refusals.close();
    await Promise.all([...this.#links.values()].map((link) => link.close(reason)));
  }

  #seat({ connection, seat }: Extract<CoordinatorEffect, { kind: 'seat' }>): void {
    const link = this.#links.get(connection);
    const { clientId, returnToken, partitionIndex, share } = seat;
    this.#replace(clientId, link);
    if (!link) {
      // It broke while the seat was being written down.
      this.#reducer.dispatch({ kind: 'lost', clientId });
      return;
    }
    link.seated(clientId);
    const left = this.#unfinished.take(clientId);
    if (left && link.isReturning) link.takeOver(left);
    this.history.seated(link.id, clientId);
    this.#seated.set(clientId, link);
    this.#runModel.ledger.assign(link.connection, partitionIndex);
    const carried = share < 1 ? `, and trains ${share} of the mask` : '';
    this.#options.log.info(
      `${seat.name} has part ${partitionIndex + 1} with ${seat.samples} samples${carried}`,
    );
    link.send({
      kind: 'welcome',
      clientId,
      returnToken,
      partitionIndex,
      canary: this.#runModel.canaries.canary,
    });
  }

  /** A newer connection of a client ends its older one. */
  #replace(clientId: ClientId, link: ClientLink | undefined): void {
    const older = this.#seated.get(clientId);
    if (!older || older === link) return;
    this.#links.delete(older.id);
    this.#seated.delete(clientId);
    this.#unfinished.keep(clientId, older);
    this.#runModel.ledger.close(older.connection);
    older.detach();
  }

  #ask(clientId: ClientId, request: Request): void {
    const link = this.#seated.get(clientId);
    if (!link) return;
    if (this.#admission.checkStay(link)) this.#fill(link, request);
  }

  /** Sends the request with weights in it, given what this connection has been sent before. */
  #fill(link: ClientLink, request: Request): void {
    switch (request.kind) {
      case 'pool':
        this.#sendPool(link);
        return;
      case 'poolMoments':
        if (!link.poolSent) this.#sendPool(link);
        this.#sender.poolMoments(link, this.#runModel.poolMoments);
        return;
      case 'measure':
        this.#runModel.openRound(request.round);
        this.#sender.model(link, this.#runModel.model, {
          kind: 'measure',
          round: request.round,
          ...measurementWork(this.#options.job),
        });
        return;
      case 'train': {
        const { round, adjustment } = request;
        const share = shareOf(this.#reducer.state(), link.clientId);
        const requests = this.#runModel.roundRequests(round, adjustment);
        const work = trainWork(this.#options, round, requests);
        // How a part of the model does says nothing of the model.
        const evaluate = request.evaluate && share === 1;
        this.#sender.model(link, this.#runModel.modelFor(share), { kind: 'train', round, work, evaluate });
        return;
      }
      case 'finish':
        this.#sender.model(link, this.#runModel.model, request);
        return;
      default:
        unreachable(request);
    }
  }

  #sendPool(link: ClientLink): void {
    const { batchSize, pool } = this.#options.job;
    this.#sender.pool(link, { pool: this.#runModel.pool, mode: pool.momentMode, batchSize });
  }

  #receive(link: ClientLink, received: ReadMessage): void {
    if (!this.#admission.checkStay(link)) return;
    try {
      if (link.clientId === null) this.#joining(link, received.message);
      else this.#answer(link, link.clientId, received);
      if (link.clientId !== null) this.history.seen(link.clientId);
    } catch (error) {
      this.#contentRefused(link, toEspalierError(error), isAnswer(received.message));
    }
  }

  #joining(link: ClientLink, message: ClientMessage): void {
    if (message.kind !== 'join') {
      throw new EspalierError('not_expected', `${message.kind} came before join`);
    }
    const tokenId = checkJoin(message, link.nonce, this.#job, this.#options.admission);
    link.admitted(tokenId, { isReturning: message.returnToken !== null });
    this.history.asked(link.id, message.profile);
    this.#joins.add(link.id);
    this.#reducer.dispatch({
      kind: 'join',
      connection: link.id,
      newClientId: this.#token(8),
      newReturnToken: this.#token(24),
      shownReturnToken: message.returnToken,
      part: message.part,
      name: message.name,
      samples: message.samples,
      ...this.#shareCarried(message),
    });
  }

  /** Nothing where everybody trains the whole mask: what need not be in the journal is not. */
  #shareCarried({ profile, samples }: Participant): { readonly share?: number } {
    const { job, graph } = this.#options;
    return job.heterogeneous === null ? {} : { share: carriedShare(graph, job, { profile, samples }) };
  }

  #answer(link: ClientLink, clientId: ClientId, received: ReadMessage): void {
    const { message } = received;
    switch (message.kind) {
      case 'join':
        throw new EspalierError('not_expected', 'join came twice on one connection');
      case 'canaryResult':
        void this.#judge(link, clientId, message.gradients);
        return;
      case 'candidateMoments':
      case 'candidateLosses':
      case 'update':
      case 'measured':
      case 'evaluation':
        this.#answers.take(clientId, message, received);
        return;
      case 'requestMask':
        this.#sendWholeMask(link, clientId);
        return;
      case 'failed':
        this.#refusals.write({
          who: clientId,
          code: message.code,
          message: `client ${clientId} reports [${message.code}] ${message.message}`,
          facts: { code: message.code, client: clientId },
        });
        this.#reducer.dispatch({ kind: 'failed', clientId, round: message.round, code: message.code });
        return;
      case 'leave':
        this.#options.log.info(`client ${clientId} leaves: ${message.reason}`);
        this.#reducer.dispatch({ kind: 'left', clientId });
        return;
      default:
        unreachable(message);
    }
  }

  async #judge(link: ClientLink, clientId: ClientId, gradients: Float32Array): Promise<void> {
    const problem = await this.#runModel.canaries
      .problemOf(gradients)
      .catch((error: unknown) => toldOf(toEspalierError(error)).message);
    // The client may have gone, or come back over another connection, meanwhile.
    if (this.#seated.get(clientId) === link) this.#reducer.dispatch({ kind: 'canary', clientId, problem });
  }

  /** A client that lost track of the mask gets its work again, with the mask whole. */
  #sendWholeMask(link: ClientLink, clientId: ClientId): void {
    link.forgetMask();
    for (const request of this.#reducer.pendingRequests(clientId)) this.#ask(clientId, request);
  }

  /** Bad contents: told why; the open step no longer waits for this client. Strangers are shown the door. */
  #contentRefused(link: ClientLink, error: EspalierError, wasAnswer: boolean): void {
    const { clientId } = link;
    this.#refuse(link, error, clientId === null);
    if (clientId === null || !wasAnswer) return;
    const { round } = this.#reducer.state();
    this.#reducer.dispatch({ kind: 'rejected', clientId, round, code: error.code });
  }

  #refuse(link: ClientLink | undefined, error: EspalierError, fatal: boolean): void {
    if (!link) return;
    this.#noteRefusal(link, error);
    if (fatal) {
      link.refuse(error);
      return;
    }
    link.send({ kind: 'refused', ...toldOf(error), fatal });
  }

  #noteRefusal({ clientId, connection }: ClientLink, error: EspalierError): void {
    this.#runModel.record.refused(error.code);
    if (clientId !== null) this.history.refused(clientId, error);
    const { peer } = connection;
    const facts = { ...error.facts, code: error.code, client: clientId, peer };
    this.#refusals.write({
      who: clientId ?? addressOf(peer),
      code: error.code,
      message: `refused ${clientId ?? peer}: ${error.message}`,
      facts,
    });
  }

  #closed(link: ClientLink): void {
    this.history.closed(link.id);
    this.#admission.left(link);
    this.#links.delete(link.id);
    this.#runModel.ledger.close(link.connection);
    // Reported now, the loss would overtake the join and take away the seat that follows from it.
    if (this.#joins.size > 0) this.#lost.push(link);
    else this.#reportLoss(link);
  }

  /** A join has been answered; losses that came since are reported, of clients that did not come back with it. */
  #joined(connection: ConnectionId): void {
    this.#joins.delete(connection);
    if (this.#joins.size > 0) return;
    for (const link of this.#lost.splice(0)) this.#reportLoss(link);
  }

  #reportLoss(link: ClientLink): void {
    if (link.clientId === null || this.#seated.get(link.clientId) !== link) return;
    this.#seated.delete(link.clientId);
    this.#unfinished.keep(link.clientId, link);
    this.#reducer.dispatch({ kind: 'lost', clientId: link.clientId });
  }

  #token(bytes: number): string {
    return [...this.#options.randomBytes(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}
