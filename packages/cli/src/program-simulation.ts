import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { atLeastOne, wholeNumber } from './flags/flag-numbers.js';
import { compare, type CompareFlags } from './commands/compare.js';
import { simulateCommand, type SimulateFlags } from './commands/simulate.js';
import type { ExitCode } from './exit-codes.js';
import { cacheOption, noCacheOption } from './program-data.js';
import type { Terminal } from './terminal.js';
import { setOption } from './run-options.js';
import { pathOf } from './path-of.js';

/** Adds the commands that run whole fleets on this machine. */
export function addSimulationCommands(
  program: Command,
  terminal: Terminal,
  ended: (code: ExitCode) => void,
): void {
  addSimulate(program, terminal, ended);
  addCompare(program, terminal, ended);
}

function addSimulate(program: Command, terminal: Terminal, ended: (code: ExitCode) => void): void {
  program
    .command('simulate')
    .description(
      'Run a job with virtual clients in this process: the same model and messages as over sockets.',
    )
    .requiredOption('--job <file>', 'job file (YAML)', pathOf)
    .option('--data <folder>', 'data folder; see data.kind of the job', pathOf)
    .addOption(workersOption())
    .addOption(devicesOption())
    .addOption(new Option('--out <folder>', 'where run folders are made').argParser(pathOf).default('runs'))
    .addOption(new Option('--backend <name>', 'train with this backend instead of the best one found'))
    .addOption(cacheOption())
    .addOption(noCacheOption())
    .addOption(setOption())
    .addOption(new Option('--seed <number>', "override the job's seed").argParser(wholeNumber))
    .addOption(
      new Option('--format <format>', 'how to print results').choices(['text', 'json']).default('text'),
    )
    .action(async (flags: SimulateFlags) => {
      ended(await simulateCommand(flags, terminal));
    });
}

function addCompare(program: Command, terminal: Terminal, ended: (code: ExitCode) => void): void {
  program
    .command('compare')
    .description(
      'Run a grid of methods, densities, partitions and seeds; go on where it was left; write a report.',
    )
    .requiredOption('--grid <file>', 'the grid (YAML)', pathOf)
    .option('--data <folder>', 'data folder; see data.kind of the job', pathOf)
    .addOption(
      new Option('--out <folder>', 'where results, table, plots and report go')
        .argParser(pathOf)
        .default('compare'),
    )
    .option(
      '--cells <file>',
      'finished runs, read and added to; by default results.jsonl in the output folder',
      pathOf,
    )
    .addOption(workersOption())
    .addOption(devicesOption())
    .addOption(
      new Option('--parallel <count>', 'runs at a time; by default as many as workers').argParser(atLeastOne),
    )
    .addOption(new Option('--backend <name>', 'train with this backend instead of the best one found'))
    .option('--report', 'run nothing: write table, plots and report from what is there')
    .addOption(cacheOption())
    .addOption(noCacheOption())
    .addOption(setOption('override a key of every job; may be repeated'))
    .addOption(
      new Option('--format <format>', 'how to print results').choices(['text', 'json']).default('text'),
    )
    .action(async (flags: CompareFlags) => {
      ended(await compare(flags, terminal));
    });
}

function devicesOption(): Option {
  return new Option(
    '--devices <fleet>',
    'simulate the time of a fleet: phones, browsers, raspberry-pi, mixed, or a file (YAML) of device kinds',
  ).argParser(pathOf);
}

function workersOption(): Option {
  return new Option('--workers <count>', 'training threads; results do not depend on them')
    .argParser(atLeastOne)
    .default(availableParallelism());
}
