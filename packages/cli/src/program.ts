import { Command, CommanderError, Option } from 'commander';
import { toEspalierError } from '@espalier/core';
import { benchChoice, CHOICES, type Choice } from './commands/bench-choice.js';
import { benchEngineCommand, type BenchEngineFlags } from './commands/bench.js';
import { benchServerCommand, type BenchServerFlags } from './commands/bench-server.js';
import { demo, type DemoFlags } from './commands/demo.js';
import { doctor } from './commands/doctor.js';
import { inspect, type InspectFlags } from './commands/inspect.js';
import { join, type JoinFlags } from './commands/join.js';
import { serve, type ServeFlags } from './commands/serve.js';
import { createToken, listTokens, revokeToken } from './commands/token.js';
import { addHostOptions } from './host-flags.js';
import { setOption } from './run-options.js';
import { addModelCommands } from './program-models.js';
import { addDataCommands, cacheOption, noCacheOption } from './program-data.js';
import { addSimulationCommands } from './program-simulation.js';
import { EXIT, exitCodeOf, type ExitCode } from './exit-codes.js';
import { atLeastOne, megabytes, partOf, share, wholeNumber } from './flags/flag-numbers.js';
import type { OutputFormat, Terminal } from './terminal.js';
import { version } from './version.js';
import { pathOf } from './path-of.js';

/** Runs one command line (without `node` and the script); gives the exit code and never throws. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = buildProgram(terminal, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const known = toEspalierError(error);
    terminal.note(`espalier: ${known.message}`);
    return exitCodeOf(known.code);
  }
}

type Ended = (code: ExitCode) => void;

function buildProgram(terminal: Terminal, ended: Ended): Command {
  const program = new Command('espalier')
    .description('Federated training and pruning of neural networks over real devices.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        terminal.out(text.trimEnd());
      },
      writeErr: (text) => {
        terminal.note(text.trimEnd());
      },
    });
  addDemo(program, terminal, ended);
  addServe(program, terminal, ended);
  addJoin(program, terminal, ended);
  addToken(program, terminal);
  addInspect(program, terminal);
  addModelCommands(program, terminal);
  addDoctor(program, terminal);
  addBench(program, terminal);
  addDataCommands(program, terminal);
  addSimulationCommands(program, terminal, ended);
  return program;
}

function addDemo(program: Command, terminal: Terminal, ended: Ended): void {
  program
    .command('demo')
    .description(
      'Run a job with all its clients as processes on this machine; without --job, FedTiny beside dense FedAvg.',
    )
    .option('--job <file>', 'job file (YAML)', pathOf)
    .option(
      '--data <folder>',
      'data folder, such as <folder>/train/<class>/*.jpg; see data.kind of the job',
      pathOf,
    )
    .option('--control', 'also run dense FedAvg at the same rounds and seed')
    .addOption(runsOption())
    .addOption(backendOption())
    .addOption(cacheOption())
    .addOption(noCacheOption())
    .addOption(setOption())
    .addOption(seedOption())
    .addOption(formatOption())
    .action(async (flags: DemoFlags) => {
      ended(await demo(flags, terminal));
    });
}

function addServe(program: Command, terminal: Terminal, ended: Ended): void {
  addHostOptions(program.command('serve'))
    .description('Coordinate a job: wait for clients, train and prune with them, write a run folder.')
    .option('--job <file>', 'job file (YAML)', pathOf)
    .option(
      '--resume <run folder>',
      'go on with a run whose coordinator has ended, in place of --job',
      pathOf,
    )
    .option('--replay <run folder>', 'show a run in the browser, in place of --job', pathOf)
    .option('--control <run folder>', 'the dense control to draw beside the run', pathOf)
    .option('--keep-updates', "keep clients' updates in the state folder after their round")
    .option(
      '--data <folder>',
      "data folder of the coordinator's own samples (pretraining and test set)",
      pathOf,
    )
    .addOption(runsOption())
    .addOption(backendOption())
    .addOption(cacheOption())
    .addOption(noCacheOption())
    .addOption(setOption())
    .addOption(seedOption())
    .addOption(formatOption())
    .action(async (flags: ServeFlags) => {
      ended(await serve(flags, terminal));
    });
}

function addJoin(program: Command, terminal: Terminal, ended: Ended): void {
  program
    .command('join')
    .description('Take part in a job: the data stay here, trained differences are sent.')
    .argument('<url>', 'the coordinator, e.g. http://127.0.0.1:7464')
    .option('--data <folder>', 'data folder of this client', pathOf)
    .option('--part <k/n>', 'hold part k of n of the folder, split as the job says', partOf)
    .option('--threads <count>', 'threads of the sparse engine; results do not depend on them', atLeastOne, 1)
    .option(
      '--memory <megabytes>',
      "what training may use here, for jobs that give devices parts of the mask; by default all of the machine's",
      megabytes,
    )
    .option('--name <name>', 'name shown for this client in the logs')
    .addOption(new Option('--token <token>', 'join token').env('ESPALIER_TOKEN'))
    .addOption(backendOption())
    .addOption(cacheOption())
    .addOption(noCacheOption())
    .addOption(formatOption())
    .action(async (url: string, flags: JoinFlags) => {
      ended(await join(url, flags, terminal));
    });
}

function addToken(program: Command, terminal: Terminal): void {
  const token = program.command('token').description('Who may join a run: make, list and revoke tokens.');
  const folder = ['<run folder>', "the run's folder; its coordinator may be running", pathOf] as const;
  token
    .command('create')
    .description('Make a token for one client and print it; it cannot be shown again.')
    .argument(...folder)
    .requiredOption('--name <name>', 'whose it is')
    .action((path: string, flags: { readonly name: string }) => {
      createToken(path, flags.name, terminal);
    });
  token
    .command('list')
    .description('List the tokens of a run; the tokens themselves are stored nowhere.')
    .argument(...folder)
    .addOption(formatOption())
    .action((path: string, flags: { readonly format: OutputFormat }) => {
      listTokens(path, flags.format, terminal);
    });
  token
    .command('revoke')
    .description('Let nobody in with that token any more.')
    .argument(...folder)
    .argument('<id>', 'its id, as listed')
    .action((path: string, id: string) => {
      revokeToken(path, id, terminal);
    });
}

function addInspect(program: Command, terminal: Terminal): void {
  program
    .command('inspect')
    .description('Show what a model, a run folder, its state, a data folder or a partition file holds.')
    .argument(
      '<path>',
      'model.espalier, a LayersModel (model.json), a run folder or its state folder, a data folder, or a partition file',
      pathOf,
    )
    .addOption(formatOption())
    .addOption(new Option('--out <file>', 'of a partition: draw it, as .svg or .png').argParser(pathOf))
    .action(async (path: string, flags: InspectFlags) => {
      await inspect(path, flags, terminal);
    });
}

function addDoctor(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description('Say what this machine trains with, why not with something faster, and what to install.')
    .addOption(formatOption())
    .action(async (flags: { readonly format: OutputFormat }) => {
      await doctor(flags.format, terminal);
    });
}

function addBench(program: Command, terminal: Terminal): void {
  const bench = program.command('bench').description('Measure this machine.');
  bench
    .command('engine')
    .description(
      'Time the sparse engine beside the tfjs wasm trainer; without --density, over a table of densities.',
    )
    .option('--model <name>', 'network of the zoo', 'resnet18')
    .option('--width <channels>', "the network's width", atLeastOne)
    .option('--image-size <pixels>', 'height and width of the input', atLeastOne, 32)
    .option('--density <share>', 'active share of every maskable layer', share)
    .option('--batch <size>', 'samples a step', atLeastOne, 32)
    .option('--threads <count>', 'threads of the engine', atLeastOne, 1)
    .option('--no-reference', 'leave the tfjs trainer out')
    .addOption(
      new Option('--versus <choice>', "measure one of the engine's own choices both ways instead").choices(
        Object.keys(CHOICES),
      ),
    )
    .addOption(formatOption())
    .action(async (flags: BenchEngineFlags & { readonly versus?: Choice }) => {
      const { versus } = flags;
      await (versus ? benchChoice({ ...flags, versus }, terminal) : benchEngineCommand(flags, terminal));
    });
  bench
    .command('server')
    .description('Load a coordinator with ready-made updates beside a bare socket.io server, on loopback.')
    .option('--clients <count>', 'clients, each with its own connection', atLeastOne, 2000)
    .option('--weights <count>', 'weights of the model, about', atLeastOne, 110_000)
    .option('--rounds <count>', 'rounds', atLeastOne, 5)
    .option('--in-flight <count>', 'uploads under way at a time', atLeastOne, 64)
    .option('--processes <count>', 'processes that play the clients', atLeastOne, 2)
    .addOption(formatOption())
    .action(async (flags: BenchServerFlags) => {
      await benchServerCommand(flags, terminal);
    });
}

function formatOption(): Option {
  return new Option('--format <format>', 'how to print results').choices(['text', 'json']).default('text');
}

function runsOption(): Option {
  return new Option('--out <folder>', 'where run folders are made').argParser(pathOf).default('runs');
}

function backendOption(): Option {
  return new Option('--backend <name>', 'train with this backend instead of the best one found');
}

function seedOption(): Option {
  return new Option('--seed <number>', "override the job's seed").argParser(wholeNumber);
}
