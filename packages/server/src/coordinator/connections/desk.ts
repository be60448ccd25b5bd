import {
  carriedShare,
  EspalierError,
  measuresMoments,
  PROTOCOL_VERSION,
  toEspalierError,
  unreachable,
  type ClientJob,
  type ClientMessage,
  type CoordinatorEffect,
  type FrameConnection,
  type ModelGraph,
  type Participant,
  type Request,
  measurementWork,
  trainWork,
} from '@espalier/core';
import { BufferPool, messageBytesBound, portableHash, wireContext } from '@espalier/proto';
import { AnswerTray, isAnswer } from './answer-tray.js';
import { ClientBook } from './client-book.js';
import { ClientLink, type LinkWire, type ReadMessage } from './client-link.js';
import { clientJob } from './client-job.js';
import { DeskDoor } from './desk-door.js';
import { shareOf, type DeskReducer } from './desk-reducer.js';
import { checkJoin } from './join-check.js';
import { LeftBehindShelf } from './left-behind.js';
import { ModelPost } from './model-post.js';
import type { CoordinatorOptions } from '../options.js';
import { addressOf, RefusalLog } from './refusal-log.js';
import { scratchFloats } from '../model/scratch-floats.js';
import type { Workshop } from '../model/workshop.js';
import { toldOf } from './told-of.js';

type DeskEffect = Extract<
  CoordinatorEffect,
  { kind: 'seat' | 'admit' | 'refuseConnection' | 'refuse' | 'accept' | 'ask' }
>;
/** Where messages come in and go out: knows which connection is whose, and looks at contents before the reducer does. */
export class CoordinatorDesk {
  /** What was seen of every client, for people. */
  readonly book: ClientBook;
  readonly #options: CoordinatorOptions;
  readonly #job: ClientJob;
  readonly #wire: LinkWire;
  readonly #post: ModelPost;
  readonly #left = new LeftBehindShelf();
  readonly #door: DeskDoor;
  readonly #refusals: RefusalLog;
  readonly #pool = new BufferPool();
  readonly #workshop: Workshop;
  readonly #reducer: DeskReducer;
  readonly #links = new Map<string, ClientLink>();
  readonly #seated = new Map<string, ClientLink>();
  /** Connections whose join the reducer has decided on and nobody has heard of yet: effects wait for the disk. */
  readonly #joins = new Set<string>();
  /** Connections that closed meanwhile: one of them may be the older one of a client that is coming back. */
  readonly #lost: ClientLink[] = [];
  readonly #answers: AnswerTray;

  constructor(options: CoordinatorOptions, graph: ModelGraph, workshop: Workshop, reducer: DeskReducer) {
    this.book = new ClientBook(options.clock);
    this.#refusals = new RefusalLog(options);
    this.#options = options;
    this.#workshop = workshop;
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
    this.#post = new ModelPost(this.#wire);
    this.#answers = new AnswerTray({
      ...{ graph, workshop, reducer, hasTestData: options.testData !== null },
      measures: measuresMoments(options.job.momentMode, graph),
      kept: (bytes) => {
        this.#pool.give(bytes);
      },
    });
    this.#door = new DeskDoor(options, {
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
    this.#workshop.ledger.open(connection);
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
    this.#door.watch(link);
    link.send({ kind: 'challenge', protocolVersion: PROTOCOL_VERSION, nonce, job: this.#job });
  }

  /** Somebody was turned away before there was a connection. */
  turnedAway(error: EspalierError, peer: string): void {
    this.#workshop.record.refused(error.code);
    const { code, message } = error;
    this.#refusals.write({
      who: addressOf(peer),
      code,
      message: `turned ${peer} away: ${message}`,
      facts: { code, peer },
    });
  }

  /** Does what the reducer decided about one client. */
  perform(effect: DeskEffect): void {
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
        this.book.accepted(effect.clientId);
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
    this.#door.close();
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
    const left = this.#left.take(clientId);
    if (left && link.isReturning) link.takeOver(left);
    this.book.seated(link.id, clientId);
    this.#seated.set(clientId, link);
    this.#workshop.ledger.assign(link.connection, partitionIndex);
    const carried = share < 1 ? `, and trains ${share} of the mask` : '';
    this.#options.log.info(
      `${seat.name} has part ${partitionIndex + 1} with ${seat.samples} samples${carried}`,
    );
    link.send({ kind: 'welcome', clientId, returnToken, partitionIndex, canary: this.#workshop.canary });
  }

  /** A newer connection of a client ends its older one. */
  #replace(clientId: string, link: ClientLink | undefined): void {
    const older = this.#seated.get(clientId);
    if (!older || older === link) return;
    this.#links.delete(older.id);
    this.#seated.delete(clientId);
    this.#left.keep(clientId, older);
    this.#workshop.ledger.close(older.connection);
    older.detach();
  }

  #ask(clientId: string, request: Request): void {
    const link = this.#seated.get(clientId);
    if (!link) return;
    if (this.#door.checkStay(link)) this.#fill(link, request);
  }

  /** Sends the request with weights in it, given what this connection has been sent before. */
  #fill(link: ClientLink, request: Request): void {
    switch (request.kind) {
      case 'pool':
        this.#sendPool(link);
        return;
      case 'poolMoments':
        if (!link.poolSent) this.#sendPool(link);
        this.#post.poolMoments(link, this.#workshop.poolMoments);
        return;
      case 'measure':
        this.#workshop.openRound(request.round);
        this.#post.model(link, this.#workshop.model, {
          kind: 'measure',
          round: request.round,
          ...measurementWork(this.#options.job),
        });
        return;
      case 'train': {
        const { round, adjustment } = request;
        const share = shareOf(this.#reducer.state(), link.clientId);
        const wishes = this.#workshop.roundWishes(round, adjustment);
        const work = trainWork(this.#options, round, wishes);
        // How a part of the model does says nothing of the model.
        const evaluate = request.evaluate && share === 1;
        this.#post.model(link, this.#workshop.modelFor(share), { kind: 'train', round, work, evaluate });
        return;
      }
      case 'finish':
        this.#post.model(link, this.#workshop.model, request);
        return;
      default:
        unreachable(request);
    }
  }

  #sendPool(link: ClientLink): void {
    const { batchSize, pool } = this.#options.job;
    this.#post.pool(link, { pool: this.#workshop.pool, mode: pool.momentMode, batchSize });
  }

  #receive(link: ClientLink, received: ReadMessage): void {
    if (!this.#door.checkStay(link)) return;
    try {
      if (link.clientId === null) this.#joining(link, received.message);
      else this.#answer(link, link.clientId, received);
      if (link.clientId !== null) this.book.seen(link.clientId);
    } catch (error) {
      this.#contentRefused(link, toEspalierError(error), isAnswer(received.message));
    }
  }

  #joining(link: ClientLink, message: ClientMessage): void {
    if (message.kind !== 'join') {
      throw new EspalierError('not_expected', `${message.kind} came before join`);
    }
    link.isReturning = message.returnToken !== null;
    link.tokenId = checkJoin(message, link.nonce, this.#job, this.#options.admission);
    this.book.asked(link.id, message.profile);
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

  #answer(link: ClientLink, clientId: string, received: ReadMessage): void {
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

  async #judge(link: ClientLink, clientId: string, gradients: Float32Array): Promise<void> {
    const problem = await this.#workshop
      .judgeCanary(gradients)
      .catch((error: unknown) => toldOf(toEspalierError(error)).message);
    // The client may have gone, or come back over another connection, meanwhile.
    if (this.#seated.get(clientId) === link) this.#reducer.dispatch({ kind: 'canary', clientId, problem });
  }

  /** A client that lost track of the mask gets its work again, with the mask whole. */
  #sendWholeMask(link: ClientLink, clientId: string): void {
    link.knownMask = null;
    link.knownValues = null;
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
    this.#workshop.record.refused(error.code);
    if (clientId !== null) this.book.refused(clientId, error);
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
    this.book.closed(link.id);
    this.#door.left(link);
    this.#links.delete(link.id);
    this.#workshop.ledger.close(link.connection);
    // Reported now, the loss would overtake the join and take away the seat that follows from it.
    if (this.#joins.size > 0) this.#lost.push(link);
    else this.#reportLoss(link);
  }

  /** A join has been answered; losses that came since are reported, of clients that did not come back with it. */
  #joined(connection: string): void {
    this.#joins.delete(connection);
    if (this.#joins.size > 0) return;
    for (const link of this.#lost.splice(0)) this.#reportLoss(link);
  }

  #reportLoss(link: ClientLink): void {
    if (link.clientId === null || this.#seated.get(link.clientId) !== link) return;
    this.#seated.delete(link.clientId);
    this.#left.keep(link.clientId, link);
    this.#reducer.dispatch({ kind: 'lost', clientId: link.clientId });
  }

  #token(bytes: number): string {
    return [...this.#options.randomBytes(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}
