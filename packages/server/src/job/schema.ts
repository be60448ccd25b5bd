import { methods } from '@espalier/core/methods';
import { z } from 'zod';
import {
  aggregationSection,
  augmentationSection,
  dataSection,
  heterogeneousSection,
  learningRateSection,
  maskSection,
  modelSection,
  modelMomentSection,
  normalizationSection,
  optimizerSection,
  partitionSection,
  poolSection,
  pretrainSection,
  pruningSection,
  serverOptimizerSection,
} from './sections.js';
import { DEFAULT_METHOD, vocabulary } from './vocabulary.js';

/** Every method in a clause, for the reference. */
function methodsSentence(): string {
  const clauses = Object.values(methods).map(({ name, summary }) => `\`${name}\`: ${summary}`);
  return `How masks come about and change; it sets other keys where the job does not. ${clauses.join(' ')}`;
}

const seconds = () => z.number().gt(0).max(1e7);
const extent = () => z.int().min(1).max(4096);
const count = () => z.int().min(1).max(1_000_000);

/**
 * The user's form of a job, strict at every level. Defaults that depend on other fields are filled in by
 * `resolveJob`; what fields must say together is checked by `checkForm`.
 */
export const jobSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'letters, digits, _ - and . (at most 64, a letter or digit first)')
      .default('espalier')
      .describe('Names the run folder.'),
    seed: z.int().min(0).max(4294967295).default(1).describe('Every random number follows from it.'),
    method: z.enum(vocabulary.methods).default(DEFAULT_METHOD).describe(methodsSentence()),
    preset: z
      .enum(['measured', 'published'])
      .default('measured')
      .describe(
        "Where the method's defaults are from: `published` takes the paper's even where others measured better.",
      ),
    model: modelSection,
    data: dataSection,
    imageSize: z
      .union([extent(), z.tuple([extent(), extent()])])
      .default(32)
      .describe("The model's input in pixels: one number, or [height, width]. Images are resized to it."),
    channels: z.literal([1, 3]).default(3).describe('1 for grey, 3 for colour.'),
    normalization: normalizationSection.optional(),
    augmentation: augmentationSection.optional(),
    partition: partitionSection.prefault({ kind: 'dirichlet' }),
    numClients: count().default(10).describe('Devices that take part.'),
    clientsPerRound: count().optional().describe('Devices that train in each round; by default all of them.'),
    rounds: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(300)
      .describe('Rounds of training and averaging; 0 ends with the selection.'),
    localEpochs: count().default(5).describe('Passes over its own images that a client makes in a round.'),
    batchSize: count().default(64).describe('Images in a step.'),
    learningRate: learningRateSection.optional(),
    optimizer: optimizerSection,
    momentMode: modelMomentSection,
    proximal: z.number().min(0).max(1e6).default(0).describe('μ of FedProx; 0 switches it off.'),
    targetDensity: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe('Active ÷ maskable weights. By default 0.1, or 1 for methods that train densely.'),
    pool: poolSection,
    pruning: pruningSection,
    mask: maskSection,
    rescale: z
      .boolean()
      .default(false)
      .describe(
        'Scales the weights that the first mask keeps of a layer before a batch norm to the root mean square of the dense layer: the same network, which learns faster.',
      ),
    pretrain: pretrainSection,
    aggregation: aggregationSection,
    serverOptimizer: serverOptimizerSection,
    heterogeneous: heterogeneousSection,
    quorum: z
      .number()
      .gt(0)
      .max(1)
      .default(0.5)
      .describe('Share of the cohort with which a deadline can close a step.'),
    adjustmentQuorum: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe('Share of the cohort below which a change of the mask waits a round; by default `quorum`.'),
    restAfter: z
      .int()
      .min(0)
      .max(1000)
      .default(2)
      .describe(
        'Rounds in a row a client leaves unanswered before it rests, for 1, 2, 4 … rounds; 0 for never.',
      ),
    refusalLimit: z
      .int()
      .min(0)
      .max(1000)
      .default(3)
      .describe('Refused answers in a row after which a client is excluded; 0 for never.'),
    roundTimeout: seconds().default(600).describe('Seconds a step may last.'),
    joinTimeout: seconds()
      .default(120)
      .describe('Seconds to wait for `numClients` before starting with a quorum.'),
    returnTimeout: seconds()
      .default(30)
      .describe('Seconds a client that lost its connection is waited for before a step goes on without it.'),
    evaluationFraction: z
      .number()
      .min(0)
      .lt(1)
      .default(0.1)
      .describe("Share of a client's samples held out for evaluation when the coordinator has no test set."),
    maxFrameBytes: z.int().min(4096).max(67_108_864).default(262_144).describe('Largest frame on the wire.'),
  })
  .describe('A job of Espalier: what is trained, on what, by whom and how sparsely.');

/** A job as its author writes it, with the defaults that depend on no other field filled in. */
export type JobForm = z.output<typeof jobSchema>;
