import type { z } from 'zod';
import { jsonSchemaOf } from '../forms/read-form.js';
import { jobSchema } from './schema.js';

/** The JSON schema of job files, as published in `docs/reference/job.schema.json`. */
export function jobJsonSchema(): z.core.JSONSchema.JSONSchema {
  return { title: 'Espalier job', ...jsonSchemaOf(jobSchema) };
}
