import { destination, pino } from 'pino';
import type { Log } from '../platform/log.js';

/** A log of JSON lines: level, time, message and the facts of each. */
export function fileLog(path: string): Log {
  const logger = pino({ base: null }, destination({ dest: path, sync: true }));
  return {
    info: (message, facts = {}) => {
      logger.info(facts, message);
    },
    warn: (message, facts = {}) => {
      logger.warn(facts, message);
    },
    error: (message, facts = {}) => {
      logger.error(facts, message);
    },
  };
}
