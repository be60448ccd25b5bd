export { divide, readPartitionFile, type DivideOptions, type Division } from './divide.js';
export {
  divideFleet,
  fleetImagesKey,
  openFleetImages,
  type FleetData,
  type FleetImages,
  type FleetImagesJob,
  type FleetJob,
  type FleetSamples,
} from './fleet-data.js';
export { readFileSet, type FileSet } from './file-set.js';
export { defaultCacheFolder } from './image-cache.js';
export { scanImageFolder, type ImageEntry, type ImageFolder, type SkippedFile } from './image-folder.js';
export { brokenImages, loadImages, type LoadedImages, type LoadOptions } from './load-images.js';
export {
  partitionOfJob,
  prepareClientData,
  prepareServerData,
  type ClientDataOptions,
  type DataJob,
  type PreparedClientData,
  type PreparedServerData,
} from './prepare-data.js';
export { openSource, partitionPath, type SampleSource, type SourceOptions } from './sample-source.js';
