import type { ClientMessage, Turn } from '@espalier/core';

/** Messages that answer an open step. */
export const ANSWERS: ReadonlySet<ClientMessage['kind']> = new Set([
  'candidateMoments',
  'candidateLosses',
  'update',
  'evaluation',
]);

/** One of them. */
export type AnswerMessage = Extract<
  ClientMessage,
  { kind: 'candidateMoments' | 'candidateLosses' | 'update' | 'evaluation' }
>;

/** Which step an answer is for; those of the selection carry no round, for it comes before the first. */
export function turnOf(message: AnswerMessage, round: number): Omit<Turn, 'clientId'> {
  switch (message.kind) {
    case 'candidateMoments':
      return { phase: 'moments', round };
    case 'candidateLosses':
      return { phase: 'losses', round };
    case 'update':
      return { phase: 'train', round: message.update.round };
    case 'evaluation':
      return { phase: 'evaluate', round: message.round };
  }
}
