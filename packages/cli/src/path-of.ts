import { InvalidArgumentError } from 'commander';

/** A path as it was given. An empty one, as an unset variable of a shell leaves it, would mean this very folder. */
export function pathOf(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('it is empty; give a path');
  return text;
}
