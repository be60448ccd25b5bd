import { malformed } from './json.js';
import type { KerasCall } from './keras-model.js';

/**
 * Orders the calls so that each comes after those it reads, otherwise as in the file.
 * @throws EspalierError `malformed_message` for a call that reads what does not exist, a cycle, or a name
 * used twice.
 */
export function inOrder(calls: readonly KerasCall[]): readonly KerasCall[] {
  const keys = new Set(calls.map(({ key }) => key));
  if (keys.size < calls.length) throw malformed('two layers have the same name');
  const ordered: KerasCall[] = [];
  const done = new Set<string>();
  let waiting = calls;
  while (waiting.length > 0) {
    const later: KerasCall[] = [];
    for (const call of waiting) {
      if (call.inputs.every((key) => done.has(key))) {
        ordered.push(call);
        done.add(call.key);
      } else later.push(call);
    }
    if (later.length === waiting.length) throw stuck(later, keys);
    waiting = later;
  }
  return ordered;
}

function stuck(calls: readonly KerasCall[], keys: ReadonlySet<string>): Error {
  for (const { layer, inputs } of calls) {
    const missing = inputs.find((key) => !keys.has(key));
    if (missing !== undefined)
      return malformed(`layer ${layer.name} reads ${missing}, which it does not have`);
  }
  return malformed(`layer ${calls[0]?.layer.name ?? ''} reads its own output`);
}
