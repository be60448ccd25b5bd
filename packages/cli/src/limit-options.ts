import { DEFAULT_LIMITS } from '@espalier/server';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { atLeastOne } from './flags/flag-numbers.js';

/** Adds the options that limit one address and one connection, each with its default. */
export function addLimitOptions(command: Command): Command {
  const { connectionsPerAddress, framesPerSecond, bytesInFlight, handshakeSeconds } = DEFAULT_LIMITS;
  const limit = (flags: string, meaning: string, usual: number): Option =>
    new Option(flags, meaning).argParser(atLeastOne).default(usual);
  return command
    .addOption(
      new Option(
        '--public-url <url...>',
        'addresses at which others reach this, e.g. https://train.example; their names are answered, and shown in links',
      ).argParser(publicUrl),
    )
    .addOption(
      new Option(
        '--origin <origin...>',
        "origins of pages, besides the coordinator's own, that may connect; * for all",
      ),
    )
    .addOption(
      new Option(
        '--max-connections <count>',
        'connections altogether; by default as many as the limit of open files leaves',
      ).argParser(atLeastOne),
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

/** Adds one more address, as an origin, to those before it. */
function publicUrl(text: string, before: readonly string[] = []): readonly string[] {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new InvalidArgumentError('expected an address such as https://train.example');
  }
  if (url.href !== `${url.origin}/`) {
    throw new InvalidArgumentError(`expected an address without a path or a user, such as ${url.origin}`);
  }
  return [...before, url.origin];
}
