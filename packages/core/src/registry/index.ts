export {
  defaultOptions,
  type DeclaredOption,
  type DeclaredOptions,
  type OptionValues,
} from './declared-options.js';
export { entryNamed, nearestNames, type Registry } from './named-entry.js';
