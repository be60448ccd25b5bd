export { cifarClasses, cifarLabels, cifarRecordBytes, parseCifar, type CifarKind } from './cifar.js';
export { fitImages } from './fit-images.js';
export { IDX_HEAD, idxImages, idxLength, parseIdx, type IdxArray } from './idx.js';
export { type LabelledImages } from './labelled-images.js';
export { npyImages, parseNpy, type NpyArray } from './npy.js';
