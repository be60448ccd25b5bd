import { DEFAULT_LIMITS } from '@espalier/server';
import { Option, type Command } from 'commander';
import { atLeastOne } from './flag-numbers.js';

/** What one address and one connection may ask of a coordinator, each with its default. */
export function addLimitOptions(command: Command): Command {
  const { connectionsPerAddress, framesPerSecond, bytesInFlight, handshakeSeconds } = DEFAULT_LIMITS;
  const limit = (flags: string, meaning: string, usual: number): Option =>
    new Option(flags, meaning).argParser(atLeastOne).default(usual);
  return command
    .addOption(
      new Option(
        '--origin <origin...>',
        "origins of pages, besides the coordinator's own, that may connect; * for all",
      ),
    )
    .addOption(
      limit('--max-connections-per-address <count>', 'connections from one address', connectionsPerAddress),
    )
    .addOption(
      limit('--max-frames-per-second <count>', 'frames from one connection; more wait', framesPerSecond),
    )
    .addOption(limit('--max-bytes-in-flight <bytes>', 'bytes of one connection that may wait', bytesInFlight))
    .addOption(
      limit('--handshake-timeout <seconds>', 'time that a connection has to join', handshakeSeconds),
    );
}
