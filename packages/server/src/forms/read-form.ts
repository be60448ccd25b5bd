import { EspalierError } from '@espalier/core';
import { z } from 'zod';
import { problemsOf, type Problem } from './problems.js';
import { readYamlMap, type FormName } from './yaml-map.js';

/**
 * Reads a YAML text and checks it by a schema.
 * @throws EspalierError with the form's code, listing every problem at once.
 */
export function readForm<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  name: FormName,
): z.output<Schema> {
  const raw = readYamlMap(text, name);
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw formError(
    problemsOf(parsed.error.issues, raw, { schema: jsonSchemaOf(schema), whole: name.what }),
    name,
  );
}

/** The JSON schema of what its author writes. */
export function jsonSchemaOf(schema: z.ZodType): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(schema, { io: 'input' });
}

/** One error for all that is wrong, a line each. */
export function formError(problems: readonly Problem[], { code }: Pick<FormName, 'code'>): EspalierError {
  const lines = problems.map(({ path, sentence }) => `${path} ${sentence}`);
  const head = problems.length === 1 ? '' : `${problems.length} problems:\n  `;
  return new EspalierError(code, `${head}${lines.join('\n  ')}`, {
    problems: problems.length,
    first: problems[0]?.path ?? '',
  });
}
