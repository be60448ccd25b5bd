import { availableParallelism } from 'node:os';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { simulateCommand, type SimulateFlags } from './commands/simulate.js';
import type { ExitCode } from './exit-codes.js';
import { cacheOption, noCacheOption } from './program-data.js';
import type { Terminal } from './terminal.js';

/** Adds the commands that run whole fleets on this machine. */
export function addSimulationCommands(
  program: Command,
  terminal: Terminal,
  ended: (code: ExitCode) => void,
): void {
  program
    .command('simulate')
    .description(
      'Run a job with virtual clients in this process: the same model and messages as over sockets.',
    )
    .requiredOption('--job <file>', 'job file (YAML)')
    .option('--data <folder>', 'data folder; see data.kind of the job')
    .addOption(workersOption())
    .addOption(new Option('--out <folder>', 'where run folders are made').default('runs'))
    .addOption(new Option('--backend <name>', 'train with this backend instead of the best one found'))
    .addOption(cacheOption())
    .addOption(noCacheOption())
    .addOption(
      new Option('--set <key=value>', 'override a key of the job file; may be repeated')
        .default([] as readonly string[])
        .argParser((value: string, before: readonly string[]) => [...before, value]),
    )
    .addOption(new Option('--seed <number>', "override the job's seed").argParser(wholeNumber))
    .addOption(
      new Option('--format <format>', 'how to print results').choices(['text', 'json']).default('text'),
    )
    .action(async (flags: SimulateFlags) => {
      ended(await simulateCommand(flags, terminal));
    });
}

function workersOption(): Option {
  return new Option('--workers <count>', 'training threads; results do not depend on them')
    .argParser(atLeastOne)
    .default(availableParallelism());
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('give a whole number of at least 0');
  return value;
}

function atLeastOne(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError('give a whole number of at least 1');
  return value;
}
