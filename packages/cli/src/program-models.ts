import { Option, type Command } from 'commander';
import { share, shareOrNone, wholeNumber } from './flags/flag-numbers.js';
import { modelFormats } from '@espalier/client-node';
import { ACCESS_LEVELS, quantizers, repairs } from '@espalier/core/compression';
import { allocations, criteria } from '@espalier/core/methods';
import { compress } from './commands/compress.js';
import type { CompressFlags } from './compress/compress-flags.js';
import { addHostOptions } from './host-flags.js';
import { setOption } from './run-options.js';
import { exportModel, type ExportFlags } from './commands/export.js';
import type { Terminal } from './terminal.js';
import { pathOf } from './path-of.js';

/** Adds the commands that make one model out of another. */
export function addModelCommands(program: Command, terminal: Terminal): void {
  addCompress(program, terminal);
  addExport(program, terminal);
}

function addCompress(program: Command, terminal: Terminal): void {
  const command = program
    .command('compress')
    .description('Make a model smaller and faster without seeing any data; write it with a report beside it.')
    .requiredOption('--model <path>', 'model.json, .espalier, .onnx, .safetensors, or a run folder', pathOf)
    .requiredOption('--out <folder>', 'a folder that does not exist yet', pathOf)
    .addOption(
      new Option('--access <level>', 'how near to data plug-ins may come')
        .choices(ACCESS_LEVELS)
        .default('none'),
    )
    .option(
      '--target <kind=left>',
      'remove channels: what is to be left of channels, density, macs, bytes or parameters',
    )
    .addOption(new Option('--spread <how>', 'over layers').choices(['uniform', 'global']).default('uniform'))
    .option(
      '--multiple <count>',
      'keep a multiple of so many channels in layers that lose some; 4 suits the engine best',
      wholeNumber,
      1,
    )
    .option('--density <share>', 'remove weights: the share of maskable weights that is left', share)
    .option('--criterion <name>', `what scores: ${names(criteria)}`, 'magnitude')
    .option(
      '--allocation <name>',
      `density per layer: ${names(allocations)}; several with commas for clients to choose`,
      'erk',
    )
    .option(
      '--with <job>',
      'ask the clients of this job file for statistics; takes --access aggregates',
      pathOf,
    )
    .addOption(setOption())
    .option('--layer-floor <share>', 'density that "global" leaves every layer with', shareOrNone, 0)
    .option('--iterations <count>', 'passes over which weights are removed', wholeNumber, 1)
    .option('--bits <count>', 'round weights to 2 to 8 bits', wholeNumber)
    .option('--quantizer <name>', `levels: ${names(quantizers)}`, 'uniform')
    .option('--repair <name>', `how what is left makes up for what is gone: ${names(repairs)}`, 'udfc')
    .addOption(valuesOption())
    .option('--to <forms>', `of ${names(modelFormats)}`, Object.keys(modelFormats).join(','))
    .option('--samples <count>', 'synthetic images, where some are needed', wholeNumber, 64)
    .option('--seed <number>', 'of everything random', wholeNumber, 1)
    .option('--no-latency', 'measure no times')
    .option('--zoo <name>', 'network of a safetensors file that does not say its own')
    .option('--width <channels>', 'its width', wholeNumber)
    .option('--input <shape>', 'its input', '32x32x3')
    .option('--classes <count>', 'its classes', wholeNumber, 10)
    .addOption(
      new Option('--format <format>', 'how to print results').choices(['text', 'json']).default('text'),
    );
  addHostOptions(command).action(async (flags: CompressFlags) => {
    await compress(flags, terminal);
  });
}

function addExport(program: Command, terminal: Terminal): void {
  program
    .command('export')
    .description(
      'Write a model in other forms; by default a tfjs LayersModel, zeros where weights were pruned.',
    )
    .argument('<model>', 'model.espalier, model.json, .onnx, .safetensors, or a run folder', pathOf)
    .requiredOption('--out <folder>', 'a folder that does not exist yet', pathOf)
    .option('--to <forms>', `of ${names(modelFormats)}; a LayersModel straight in the folder without it`)
    .addOption(valuesOption())
    .option('--softmax', 'end a LayersModel in a softmax instead of logits')
    .action(async (model: string, flags: ExportFlags) => {
      await exportModel(model, flags, terminal);
    });
}

function valuesOption(): Option {
  return new Option('--values <type>', 'how a bundle writes its values').choices([
    'float32',
    'float16',
    'int8',
    'int4',
  ]);
}

function names(registry: Readonly<Record<string, unknown>>): string {
  return Object.keys(registry).join(', ');
}
