import { EspalierError } from '@espalier/core';

/** The value, which the plan made for this name. @throws EspalierError `internal` where there is none. */
export function found<Value>(value: Value | null | undefined, name: string): Value {
  if (value === null || value === undefined)
    throw new EspalierError('internal', `the plan has nothing for ${name}`, { name });
  return value;
}
