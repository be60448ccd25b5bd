export { buildModel, zooNames } from './build-model.js';
export type { ZooEntry, ZooInput } from './zoo.js';
