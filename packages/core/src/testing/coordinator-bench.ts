import { reduceCoordinator } from '../protocol/coordinator-reducer.js';
import {
  initialCoordinatorState,
  type CoordinatorConfig,
  type CoordinatorEffect,
  type CoordinatorEvent,
  type CoordinatorState,
} from '../protocol/coordinator-state.js';

/** A job of three clients and three rounds without special features. */
export const PLAIN_CONFIG: CoordinatorConfig = {
  seed: 1,
  numClients: 3,
  clientsPerRound: 3,
  rounds: 3,
  quorum: 0.6,
  selects: false,
  evaluatesOnClients: false,
  measures: false,
  adjustmentRounds: [],
  roundTimeout: 60,
  joinTimeout: 30,
  returnTimeout: 5,
  adjustmentQuorum: 0,
  restAfter: 0,
  refusalLimit: 0,
};

/** A coordinator's reducer with the effects of the last event. */
export class CoordinatorBench {
  state: CoordinatorState;
  effects: readonly CoordinatorEffect[] = [];

  constructor(readonly config: CoordinatorConfig) {
    this.state = initialCoordinatorState(config).state;
  }

  tell(event: CoordinatorEvent): readonly CoordinatorEffect[] {
    const { state, effects } = reduceCoordinator(this.config, this.state, event);
    this.state = state;
    this.effects = effects;
    return effects;
  }

  /** Prepares, and admits every part's client, `client0` and so on. */
  gather(): this {
    this.tell({ kind: 'prepared' });
    for (let part = 0; part < this.config.numClients; part++) {
      this.join(part);
    }
    return this;
  }

  /** That part's client joins, or comes back, and proves its backend. */
  join(part: number): readonly CoordinatorEffect[] {
    const joined = this.tell({
      kind: 'join',
      connection: `connection${part}`,
      newClientId: `client${part}`,
      newReturnToken: `return${part}`,
      shownReturnToken: this.state.seats.get(`client${part}`)?.returnToken ?? null,
      part,
      name: `part ${part + 1}`,
      samples: 5,
    });
    return [...joined, ...this.tell({ kind: 'canary', clientId: `client${part}`, problem: null })];
  }

  /** An update of the open round. */
  answer(part: number, round: number = this.state.round): readonly CoordinatorEffect[] {
    return this.tell({
      kind: 'answer',
      clientId: `client${part}`,
      phase: 'train',
      round,
      payload: `p${part}-${round}`,
    });
  }

  /** Closes the open step by its deadline, and carries out any computation. */
  closeByDeadline(): readonly CoordinatorEffect[] {
    const closing = this.tell({ kind: 'deadline', step: this.state.step.id });
    return [...closing, ...this.computed()];
  }

  /** The round's model is there. */
  computed(): readonly CoordinatorEffect[] {
    return this.tell({ kind: 'computed', phase: 'close', mask: null });
  }
}
