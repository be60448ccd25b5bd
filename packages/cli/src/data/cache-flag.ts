import { defaultCacheFolder } from '@espalier/client-node';

/** `--cache <folder>`, `--no-cache` (false), or neither. */
export interface CacheFlag {
  readonly cache?: string | false;
}

/** The folder of decoded images that the flags mean; null keeps none. */
export function cacheOf({ cache }: CacheFlag): string | null {
  return cache === false ? null : (cache ?? defaultCacheFolder());
}

/** The same flags for another process. */
export function cacheArguments({ cache }: CacheFlag): readonly string[] {
  if (cache === undefined) return [];
  return cache === false ? ['--no-cache'] : ['--cache', cache];
}
