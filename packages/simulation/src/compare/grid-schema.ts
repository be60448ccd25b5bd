import { jsonSchemaOf } from '@espalier/server';
import { z } from 'zod';

const label = () =>
  z
    .string()
    .regex(/^[^\s|][^|\n]{0,79}$/, 'a text of at most 80 characters without | or line breaks')
    .describe('How it is called in tables and plots.');

const settings = () =>
  z
    .record(
      z.string().regex(/^[A-Za-z]\w*(\.\w+)*$/, 'dotted keys of the job, such as pool.allocation'),
      z.unknown(),
    )
    .default({});

const densities = () => z.array(z.number().gt(0).max(1)).min(1);

/** A comparison as its author writes it. */
export const gridSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'letters, digits, _ - and . (at most 64, a letter or digit first)')
      .default('compare')
      .describe('Names the comparison in its report.'),
    job: z
      .record(z.string(), z.unknown())
      .describe('What all cells share: the keys of a job file, without method, seed and targetDensity.'),
    methods: z
      .array(
        z.strictObject({
          name: label(),
          set: settings().describe('Keys of the job that make the method, dotted: `pool.allocation: erk`.'),
          densities: densities().optional().describe('Instead of those of the grid; [1] for dense methods.'),
        }),
      )
      .min(1)
      .describe('The rows of the comparison.'),
    densities: densities().describe('Active ÷ maskable weights.'),
    seeds: z
      .array(z.int().min(0).max(4294967295))
      .min(1)
      .describe('One run each; means and spreads are over them.'),
    partitions: z
      .array(z.strictObject({ name: label(), set: settings().describe('Keys under partition.') }))
      .min(1)
      .optional()
      .describe("Splits of the data to compare; by default the job's own alone."),
  })
  .describe('A grid of runs for `espalier compare`: methods × densities × partitions × seeds.');

/** A checked grid. */
export type GridForm = z.output<typeof gridSchema>;

/** The JSON schema of grid files, as published in `docs/reference/grid.schema.json`. */
export function gridJsonSchema(): z.core.JSONSchema.JSONSchema {
  return { title: 'Espalier comparison', ...jsonSchemaOf(gridSchema) };
}
