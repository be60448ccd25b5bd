export { entryNamed, nearestNames, type Registry } from './named-entry.js';
