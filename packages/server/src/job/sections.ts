import type { DeclaredOption, DeclaredOptions } from '@espalier/core';
import {
  aggregators,
  DEFAULT_AGGREGATOR,
  DEFAULT_SERVER_OPTIMIZER,
  serverOptimizers,
  type Aggregator,
} from '@espalier/core/methods';
import { z } from 'zod';
import { vocabulary } from './vocabulary.js';

const count = (minimum: number, maximum = 1_000_000) => z.int().min(minimum).max(maximum);
const share = () => z.number().gt(0).max(1);
const shareBelowOne = () => z.number().min(0).lt(1);

/** The settings of data that lies in files. */
const fileData = <Kind extends string>(kind: Kind) =>
  z.strictObject({
    kind: z.literal(kind),
    samplesPerClass: count(1)
      .nullable()
      .default(null)
      .describe('At most this many training images per class, first by file name or position; null for all.'),
    testSamplesPerClass: count(1)
      .nullable()
      .default(null)
      .describe('At most this many test images per class; null for all.'),
    testFraction: shareBelowOne()
      .default(0)
      .describe("Share of every class's images set aside for testing where the data has no test set."),
  });

/** Section of the job for the source of images. */
export const dataSection = z
  .discriminatedUnion('kind', [
    fileData('imageFolder').describe(
      '`<folder>/train/<class>/*.jpg` and `<folder>/test/<class>/*.jpg`, or `<folder>/<class>/*.jpg`; PNG too.',
    ),
    fileData('cifarBinary').describe('The binary version of CIFAR-10 or CIFAR-100, unpacked.'),
    fileData('idx').describe('The IDX files of the MNIST family, gzipped or not.'),
    fileData('npy').describe('`images.npy` and `labels.npy`, in the folder or in its `train/` and `test/`.'),
    z
      .strictObject({
        kind: z.literal('procedural'),
        numClasses: count(2, 1000).default(10).describe('Classes of the built-in image set.'),
        samplesPerClass: count(1).default(200).describe('Training images per class.'),
        testSamplesPerClass: count(0)
          .default(50)
          .describe('Test images per class; with 0 the clients evaluate.'),
      })
      .describe('The built-in image set, drawn from the seed; needs no files.'),
  ])
  .describe('Where images come from: files in the folder given with --data, or the built-in procedural set.');

/** A network by name, or by name and width. */
export const modelSection = z
  .union([
    z.enum(vocabulary.models),
    z.strictObject({
      name: z.enum(vocabulary.models),
      width: count(1, 4096)
        .nullable()
        .default(null)
        .describe('Channels of the first stage; null for the default.'),
    }),
    z.strictObject({
      file: z
        .string()
        .min(1)
        .describe('A Keras/tfjs LayersModel: model.json with its weight shards beside it.'),
      weights: z
        .enum(['keep', 'fresh'])
        .default('keep')
        .describe("Begin with the file's weights, or draw them anew."),
    }),
  ])
  .describe('The network: a name, a name and a width, or a file of your own.');

const alpha = () => z.number().gt(0).max(1e6).default(0.5);

/** Section of the job for the split of training samples over clients. */
export const partitionSection = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('iid') }).describe('Equal shares at random.'),
    z
      .strictObject({
        kind: z.literal('dirichlet'),
        alpha: alpha().describe('Small values give each client few classes.'),
        minSamples: count(1)
          .default(10)
          .describe('Draws are repeated until every client has this many samples.'),
      })
      .describe('Class shares per client drawn from a Dirichlet distribution.'),
    z
      .strictObject({
        kind: z.literal('shards'),
        classesPerClient: count(1, 1000).default(2).describe('Classes that each client has samples of.'),
        minSamples: count(1).default(10).describe('Refused where a client would get fewer samples.'),
      })
      .describe('A few classes per client.'),
    z
      .strictObject({
        kind: z.literal('quantitySkew'),
        alpha: alpha().describe('Small values make the amounts more unequal.'),
        minSamples: count(1).default(10).describe('Every client gets at least this many samples.'),
      })
      .describe('The same classes for all, in unequal amounts.'),
    z
      .strictObject({ kind: z.literal('byFolder') })
      .describe('The natural split: image folders `<folder>/<client>/<class>/`, one folder per client.'),
    z
      .strictObject({
        kind: z.literal('file'),
        path: z
          .string()
          .min(1)
          .max(1000)
          .default('partition.json')
          .describe(
            'Relative to the data folder, so that it travels with the data: clients open nothing outside their own, and of procedural images --data names the folder of this file.',
          ),
      })
      .describe('As `espalier partition` wrote it.'),
  ])
  .describe('How training samples are split over clients.');

/** Random changes to training images. */
export const augmentationSection = z
  .strictObject({
    cropPadding: count(0, 4096)
      .default(0)
      .describe('Pixels of zero padding before a random crop; 0 for none.'),
    flip: z.boolean().default(false).describe('Mirror left and right with probability one half.'),
  })
  .nullable()
  .describe(
    'Random changes to training images; null for none. Image folders: crop by an eighth, and flip colour images.',
  );

/** Per-channel normalisation. */
export const normalizationSection = z
  .strictObject({
    mean: z.array(z.number()).min(1).max(3),
    std: z.array(z.number().gt(0)).min(1).max(3),
  })
  .describe(
    'Per channel, (value / 255 − mean) / std. Three channels: the CIFAR-10 figures; one: 0.5 and 0.25.',
  );

/** A learning rate, constant when it is a number. */
export const learningRateSection = z
  .union([
    z.number().gt(0).max(100),
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('constant'), initial: z.number().gt(0).max(100) }),
      z.strictObject({
        kind: z.literal('cosine'),
        initial: z.number().gt(0).max(100),
        final: z.number().min(0).max(100).default(0),
      }),
    ]),
  ])
  .describe(
    'A number, or a schedule over rounds. By default a cosine from 0.05 to 0.005 for sgd, from 0.001 to 0.0001 for adam.',
  );

/** An optimiser with its settings. */
export const optimizerSettings = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sgd'),
    momentum: shareBelowOne().default(0.9),
    weightDecay: z.number().min(0).max(1).default(1e-4),
  }),
  z.strictObject({
    kind: z.literal('adam'),
    beta1: shareBelowOne().default(0.9),
    beta2: shareBelowOne().default(0.999),
    epsilon: z.number().gt(0).max(1).default(1e-8),
    weightDecay: z.number().min(0).max(1).default(1e-4),
  }),
]);

/** An optimiser by name, or with its settings. */
export const optimizerSection = z
  .union([z.enum(['sgd', 'adam']), optimizerSettings])
  .default('sgd')
  .describe('A fresh optimiser starts every round; weight decay is added to the gradient.');

/** Settings by which candidates' batch-norm statistics are gathered. */
export const poolMomentSettings = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('pooled') }),
  z.strictObject({
    kind: z.literal('ema'),
    momentum: shareBelowOne().default(0.9).describe('The fraction kept at each batch.'),
    passes: count(1, 1000).default(10).describe('Passes over the development set.'),
  }),
]);

/** Section of the job for gathering candidates' batch-norm statistics, by name or with settings. */
export const poolMomentSection = z
  .union([z.enum(['pooled', 'ema']), poolMomentSettings])
  .default('pooled')
  .describe('Exact pooled moments, or an exponential moving average as in the original FedTiny code.');

/** Settings for the source of a model's batch-norm statistics. */
export const modelMomentSettings = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('fresh'),
    samples: count(1)
      .nullable()
      .default(null)
      .describe('Training samples that each client measures with at most; `null` for all of them.'),
  }),
  ...poolMomentSettings.options,
]);

/** Section of the job for the source of a model's batch-norm statistics, by name or with settings. */
export const modelMomentSection = z
  .union([z.enum(['fresh', 'pooled', 'ema']), modelMomentSettings])
  .default('fresh')
  .describe(
    'Batch-norm statistics of the model. `fresh`: clients measure them at the weights of every round, by a forward pass. `pooled` and `ema` are gathered in training, while the weights move: cheaper, and the model may do much worse than its weights.',
  );

/** The candidate pool. */
export const poolSection = z
  .strictObject({
    size: z
      .union([count(1, 1000), z.literal('published')])
      .optional()
      .describe('Candidates. `published` is ⌈0.1 ÷ density⌉, at most 100; by default that, and at least 10.'),
    allocation: z
      .enum(['uniform', 'erk', 'mixed'])
      .default('uniform')
      .describe('What layer densities are drawn around.'),
    selection: z.enum(['adaptiveBatchNorm', 'first']).default('adaptiveBatchNorm'),
    momentMode: poolMomentSection,
    developmentFraction: share()
      .default(0.1)
      .describe("Share of a client's training samples used for selection."),
  })
  .prefault({})
  .describe('The candidate pool of coarse pruning, for methods that select from one.');

/** Progressive pruning. */
export const pruningSection = z
  .strictObject({
    interval: count(0).default(10).describe('Rounds between adjustments; 0 never adjusts.'),
    stopRound: count(0)
      .optional()
      .describe('Adjustments stop at this round; by default 100, or `rounds` if fewer.'),
    granularity: z.enum(['layer', 'block', 'entire']).default('block'),
    peakFraction: share().default(0.3).describe("Share of a layer's active weights exchanged at round 0."),
    gradientWeighting: z.enum(['samples', 'equal']).default('samples'),
  })
  .prefault({})
  .describe('Progressive pruning, for methods that adjust their mask.');

/** Section of the job for the first mask of methods without a candidate pool. */
export const maskSection = z
  .strictObject({
    criterion: z.enum(vocabulary.criteria).default('magnitude').describe('Scores weights; the highest stay.'),
    allocation: z.enum(vocabulary.allocations).default('erk').describe('Density per layer.'),
    layerFloor: shareBelowOne().default(0).describe('`global` keeps at least this density in every layer.'),
    passes: count(1, 1000)
      .default(1)
      .describe('Prunes in so many passes to density^(i ÷ passes), scoring anew what is left.'),
  })
  .prefault({})
  .describe('The first mask of methods without a candidate pool.');

/** Training on the coordinator before round 0. */
export const pretrainSection = z
  .strictObject({
    epochs: count(0).default(3),
    learningRate: z
      .number()
      .gt(0)
      .max(100)
      .optional()
      .describe("By default the job's own first learning rate."),
    samplesPerClass: count(0).default(5).describe('Training images per class that no client gets.'),
  })
  .prefault({})
  .describe("Training on the coordinator's own held-out images before round 0.");

/** A limit on the length of updates. */
const clipSettings = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('norm'),
        maximum: z.number().gt(0).max(1e30).describe('Longest Euclidean norm.'),
      })
      .describe('Shortens longer updates to one norm.'),
    z
      .strictObject({
        kind: z.literal('median'),
        factor: z
          .number()
          .gt(0)
          .max(1e6)
          .default(1)
          .describe("Times the median norm of the round's updates."),
      })
      .describe('Shortens updates that are longer than is usual in their round.'),
  ])
  .nullable()
  .default(null)
  .describe(
    'Shortens long updates first: `{ kind: norm, maximum: … }`, or `{ kind: median, factor: 1 }` at so many times the median norm of the round. null leaves them as they are.',
  );

/** Every registered rule with the options that it declares. */
const rules = Object.values(aggregators).map(ruleSection);

/** Section of the job for the aggregation of updates. */
export const aggregationSection = z
  .discriminatedUnion('kind', [ruleSection(aggregators[DEFAULT_AGGREGATOR]!), ...rules.slice(1)])
  .prefault({ kind: DEFAULT_AGGREGATOR })
  .describe(
    "How a round's updates become one. Every rule but the first holds off some hostile clients, as many as docs/security.md says; a job whose quorum leaves a rule too few updates for that is refused.",
  );

function ruleSection({ id, summary, options }: Aggregator) {
  const common = {
    kind: z.literal(id),
    weighting: z
      .enum(['samples', 'equal'])
      .default('samples')
      .describe('Weigh updates by sample count, which clients say of themselves, or equally.'),
    clip: clipSettings,
  };
  return z.strictObject({ ...common, ...declared(options) }).describe(summary);
}

/** Parts of the mask for devices that do not carry it, with the settings. */
export const heterogeneousSettings = z
  .strictObject({
    kind: z.literal('nested'),
    shares: z
      .array(share())
      .min(1)
      .max(16)
      .default([1, 0.5, 0.25, 0.125])
      .describe("Of the mask's active weights: what a device may be given, descending; the first is 1."),
    roundSeconds: z
      .number()
      .gt(0)
      .max(1e7)
      .nullable()
      .default(null)
      .describe(
        "A device's training of a round may take this long by its own speed; null for `roundTimeout`.",
      ),
  })
  .describe('A device trains the largest nested sub-mask that its memory and speed carry.');

/** Section of the job that lets devices train parts of the mask. */
export const heterogeneousSection = z
  .union([z.enum(['off', 'nested']), heterogeneousSettings])
  .default('off')
  .describe(
    '`off`: everybody trains the whole mask. `nested`: by the profile a device joins with; averages run over those who held a weight.',
  );

const optimizers = Object.values(serverOptimizers).map(({ id, summary, options }) =>
  z.strictObject({ kind: z.literal(id), ...declared(options) }).describe(summary),
);

/** Section of the job for the coordinator's step with the aggregated update. */
export const serverOptimizerSection = z
  .discriminatedUnion('kind', [optimizers[0]!, ...optimizers.slice(1)])
  .prefault({ kind: DEFAULT_SERVER_OPTIMIZER })
  .describe('What the coordinator does with the one update: adds it, or steps with an optimiser of its own.');

/** Their names are not known to the compiler, so what the form says of them is what is common to all kinds. */
function declared(options: DeclaredOptions): object {
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, numberOf(option)]));
}

function numberOf({ default: value, minimum, below, whole, meaning }: DeclaredOption) {
  const number = (whole ? z.int() : z.number()).min(minimum);
  return (below === null ? number.max(1_000_000) : number.lt(below)).default(value).describe(meaning);
}
