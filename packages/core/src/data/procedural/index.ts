export { proceduralDataset, type ProceduralOptions } from './procedural.js';
