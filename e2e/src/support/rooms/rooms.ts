import { circles } from './circles.js';
import type { FileImports } from './imports.js';

/** Rooms and, for each room it leads to, one import that does. */
type RoomArrows = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * The room of a source file: the first folder below `src`, and below `coordinator` the second as well. A file that lies
 * in `src` itself is a room of its own, except the package's door.
 */
export function roomOf(file: string): string | null {
  const [first = '', second = '', third] = file.split('/');
  if (second === '') return first === 'index.ts' ? null : first;
  return first === 'coordinator' && third !== undefined ? `${first}/${second}` : first;
}

/** Arrows between rooms, as the imports of their files give them. */
function roomArrows(imports: FileImports): RoomArrows {
  const arrows = new Map<string, Map<string, string>>();
  for (const [file, targets] of imports) {
    const from = roomOf(file);
    if (from === null) continue;
    const out = arrows.get(from) ?? new Map<string, string>();
    arrows.set(from, out);
    for (const target of targets) {
      const to = roomOf(target);
      if (to !== null && to !== from && !out.has(to)) out.set(to, `${file} imports ${target}`);
    }
  }
  return arrows;
}

/**
 * Import cycles between rooms, each with the import behind each of its arrows, as text; empty if there are
 * none.
 */
export function roomCircles(imports: FileImports): readonly string[] {
  const arrows = roomArrows(imports);
  const names = new Map([...arrows].map(([room, out]) => [room, [...out.keys()]]));
  return circles(names).map((circle) => described(circle, arrows));
}

function described(circle: readonly string[], arrows: RoomArrows): string {
  const steps = circle.map((room, at) => {
    const next = circle[(at + 1) % circle.length] ?? room;
    return `${room} → ${next} (${arrows.get(room)?.get(next) ?? '?'})`;
  });
  return steps.join('; ');
}
