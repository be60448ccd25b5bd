/**
 * Structured data as text and back, for values exchanged between a test and its page: typed arrays, maps and
 * sets too.
 */
const ARRAYS = { Float32Array, Float64Array, Int32Array, Uint8Array, Uint16Array, Uint32Array } as const;
type ArrayName = keyof typeof ARRAYS;

function arrayName(value: ArrayBufferView): ArrayName | undefined {
  return (Object.keys(ARRAYS) as ArrayName[]).find((name) => value instanceof ARRAYS[name]);
}

/** The value as text. */
export function toText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (ArrayBuffer.isView(inner))
      return { $: arrayName(inner), of: Array.from(inner as Float64Array, String) };
    if (inner instanceof Map) return { $: 'Map', of: [...inner] };
    // JSON has no numbers for these.
    if (typeof inner === 'number' && !Number.isFinite(inner)) return { $: 'Number', of: [String(inner)] };
    if (inner instanceof Set) return { $: 'Set', of: [...inner] };
    return inner;
  });
}

/** The value that {@link toText} wrote. */
export function fromText(text: string): unknown {
  return JSON.parse(text, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || !('$' in inner) || !('of' in inner)) return inner;
    const { $: kind, of } = inner as { $: string; of: unknown[] };
    if (kind === 'Map') return new Map(of as [unknown, unknown][]);
    if (kind === 'Set') return new Set(of);
    if (kind === 'Number') return Number(of[0]);
    return ARRAYS[kind as ArrayName].from(of.map(Number));
  });
}
