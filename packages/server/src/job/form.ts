import type { Job } from '@espalier/core';
import { stringify } from 'yaml';

/** The user's form of a job with every field written out; parsing it gives the same job again. */
export function jobToForm(job: Job): Readonly<Record<string, unknown>> {
  const {
    imageShape,
    pruning,
    mask,
    aggregation,
    serverOptimizer,
    heterogeneous,
    name,
    seed,
    method,
    model,
    data,
    ...rest
  } = job;
  const { options, ...rule } = aggregation;
  const [height, width, channels] = imageShape;
  const imageSize = height === width ? height : [height, width];
  return {
    name,
    seed,
    method,
    model,
    data,
    imageSize,
    channels,
    ...rest,
    pruning,
    mask,
    aggregation: { ...rule, ...options },
    serverOptimizer: { kind: serverOptimizer.kind, ...serverOptimizer.options },
    heterogeneous: heterogeneous === null ? 'off' : { kind: 'nested', ...heterogeneous },
  };
}

/** The resolved job file: {@link jobToForm} as YAML. */
export function jobToYaml(job: Job): string {
  return stringify(jobToForm(job));
}
