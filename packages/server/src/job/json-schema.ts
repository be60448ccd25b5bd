import { z } from 'zod';
import { jobSchema } from './schema.js';

/** The JSON schema of job files, as published in `docs/reference/job.schema.json`. */
export function jobJsonSchema(): z.core.JSONSchema.JSONSchema {
  return { title: 'Espalier job', ...z.toJSONSchema(jobSchema, { io: 'input' }) };
}
