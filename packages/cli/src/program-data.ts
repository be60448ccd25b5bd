import { Option, type Command } from 'commander';
import { fetchData, type FetchFlags } from './commands/fetch.js';
import { newJob } from './commands/new.js';
import type { NewFlags } from './new-job/new-flags.js';
import { partition, type PartitionFlags } from './commands/partition.js';
import type { Terminal } from './terminal.js';
import { atLeastOne, byteSize, share } from './flags/flag-numbers.js';
import { pathOf } from './path-of.js';

/** Adds the commands that prepare data and jobs. */
export function addDataCommands(program: Command, terminal: Terminal): void {
  addNew(program, terminal);
  addPartition(program, terminal);
  addFetch(program, terminal);
}

function addNew(program: Command, terminal: Terminal): void {
  program
    .command('new')
    .description('Write a job file with comments for a folder of data, and estimate what it costs.')
    .argument('<folder>', 'where job.yaml is written; made where it is missing', pathOf)
    .option(
      '--data <folder>',
      'the data: images, CIFAR, IDX or NPY files; leave it out for procedural images',
      pathOf,
    )
    .option('--model <name>', 'network of the zoo')
    .option('--density <share>', 'share of the weights to keep', share)
    .option('--clients <number>', 'devices that take part', atLeastOne)
    .option('--budget <size>', 'bytes that one client may move in the whole run, e.g. 50MB', byteSize)
    .option('--yes', 'ask nothing: take the defaults for what is left out')
    .option('--force', 'overwrite a job.yaml that is there')
    .addOption(formatOption())
    .action(async (folder: string, flags: NewFlags) => {
      await newJob(folder, flags, terminal);
    });
}

function addPartition(program: Command, terminal: Terminal): void {
  program
    .command('partition')
    .description("Write a job's partition of its data to a file, and show who gets what.")
    .requiredOption('--job <file>', 'job file (YAML)', pathOf)
    .option('--data <folder>', 'data folder', pathOf)
    .option('--out <file>', 'where it is written', pathOf, 'partition.json')
    .addOption(
      new Option('--set <key=value>', 'override a key of the job file; may be repeated')
        .default([] as readonly string[])
        .argParser((value: string, before: readonly string[]) => [...before, value]),
    )
    .addOption(formatOption())
    .action(async (flags: PartitionFlags) => {
      await partition(flags, terminal);
    });
}

function addFetch(program: Command, terminal: Terminal): void {
  program
    .command('fetch')
    .description('Download a public data set with its checksum: cifar10, cifar100, mnist or fashion-mnist.')
    .argument('<name>', 'cifar10, cifar100, mnist or fashion-mnist')
    .requiredOption('--to <folder>', 'where its files go', pathOf)
    .option('--mirror <url>', 'another address that has the same files')
    .addOption(formatOption())
    .action(async (name: string, flags: FetchFlags) => {
      await fetchData(name, flags, terminal);
    });
}

/** `--cache`, of every command that reads images. */
export function cacheOption(): Option {
  return new Option(
    '--cache <folder>',
    "where decoded images are kept for the next start; by default the system's cache folder",
  ).argParser(pathOf);
}

/** `--no-cache`. */
export function noCacheOption(): Option {
  return new Option('--no-cache', 'keep no decoded images');
}

function formatOption(): Option {
  return new Option('--format <format>', 'how to print results').choices(['text', 'json']).default('text');
}
