/** Names and the names that each leads to. */
export type Arrows = ReadonlyMap<string, Iterable<string>>;

/**
 * Finds the nodes that reach themselves, one shortest circle per group of nodes that all reach one another.
 * @returns circles as lists of nodes in the order of their arrows; the last leads back to the first
 */
export function circles(arrows: Arrows): readonly (readonly string[])[] {
  const found: (readonly string[])[] = [];
  const named = new Set<string>();
  for (const start of arrows.keys()) {
    if (named.has(start)) continue;
    const circle = shortestBack(arrows, start);
    if (circle === null) continue;
    found.push(circle);
    for (const node of reached(arrows, start)) if (reached(arrows, node).has(start)) named.add(node);
  }
  return found;
}

/** Everything that can be reached from a node; the node itself only where a circle leads back to it. */
function reached(arrows: Arrows, start: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const next of arrows.get(node) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return seen;
}

function shortestBack(arrows: Arrows, start: string): readonly string[] | null {
  const paths: (readonly string[])[] = [[start]];
  const seen = new Set<string>();
  for (const path of paths) {
    for (const next of arrows.get(path.at(-1) ?? start) ?? []) {
      if (next === start) return path;
      if (seen.has(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return null;
}
