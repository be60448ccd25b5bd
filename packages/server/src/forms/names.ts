import { nearestNames } from '@espalier/core';

/** A node of a JSON schema, as far as names are looked up in it. */
export interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode | boolean>> | undefined;
  readonly anyOf?: readonly (SchemaNode | boolean)[] | undefined;
  readonly oneOf?: readonly (SchemaNode | boolean)[] | undefined;
}

/**
 * Returns the remedy for a key that a map does not have: the same key where it belongs one level deeper, else
 * the nearest key of the map itself. Paths are dotted.
 */
export function remedyForKey(key: string, path: readonly string[], schema: SchemaNode): string {
  const known = keysAt(schema, path);
  if (known.includes(key))
    return `it belongs to another kind of ${path.join('.')}: remove it, or change the kind`;
  const deeper = known.filter((section) => keysAt(schema, [...path, section]).includes(key));
  const meant =
    deeper.length > 0
      ? deeper.map((section) => [section, key])
      : nearestNames(key, known).map((name) => [name]);
  if (meant.length === 0) return 'it has no fields';
  return `did you mean ${meant.map((tail) => [...path, ...tail].join('.')).join(' or ')}?`;
}

/** Keys that a map at that path may have. */
function keysAt(schema: SchemaNode, path: readonly string[]): readonly string[] {
  const nodes = path.reduce<readonly SchemaNode[]>(
    (reached, key) => reached.flatMap((node) => branches(node.properties?.[key])),
    branches(schema),
  );
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

function branches(node: SchemaNode | boolean | undefined): readonly SchemaNode[] {
  if (typeof node !== 'object') return [];
  return [node, ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(branches)];
}
