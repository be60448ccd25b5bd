import type { NodeTrainerOptions } from '@espalier/client-node';
import type { ModelGraph } from '@espalier/core';

/** A trainer for that graph: the one named, or the best one that has all its ops. */
export function trainerOptions(
  backend: string | undefined,
  { nodes }: Pick<ModelGraph, 'nodes'>,
): NodeTrainerOptions {
  const ops = [...new Set(nodes.map(({ op }) => op))];
  return backend === undefined ? { ops } : { backend, ops };
}
