export { scanImageFolder, type ImageEntry, type ImageFolder } from './image-folder.js';
export { loadImages, type LoadedImages, type LoadOptions } from './load-images.js';
export {
  prepareClientData,
  prepareServerData,
  type ClientDataOptions,
  type PreparedClientData,
  type PreparedServerData,
} from './prepare-data.js';
