import { Mask } from '@espalier/core';
import { bytesToHex } from '@noble/hashes/utils.js';

/**
 * A decoded value as JSON that a person can read: typed arrays become `{"float32": [...]}` and the like, bytes
 * `{"hex": "..."}`, maps `{"entries": [[key, value], ...]}`; a mask is written with its hash.
 */
export function meaningOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: bytesToHex(new Uint8Array(value)) };
  if (value instanceof Float32Array) return { float32: [...value] };
  if (value instanceof Uint32Array) return { uint32: [...value] };
  if (value instanceof Uint16Array) return { uint16: [...value] };
  if (value instanceof Map) return { entries: [...value].map((entry) => meaningOf(entry)) };
  if (value instanceof Mask) return maskMeaning(value);
  if (Array.isArray(value)) return value.map(meaningOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, meaningOf(part)]));
}

/** JSON with lists of numbers on one line. */
export function readableJson(meaning: unknown): string {
  const json = JSON.stringify(meaning, null, 2);
  const oneLine = json.replace(/\[\s+(?:-?[\d.e+-]+,?\s+)+\]/g, (list) =>
    list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  );
  return `${oneLine}\n`;
}

function maskMeaning({ version, parent, hash, layers }: Mask): unknown {
  return { version, parent, hash, layers: layers.map(meaningOf) };
}
