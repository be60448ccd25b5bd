export { readState, type StateContents } from './read-state.js';
export { StateDatabase } from './database.js';
export { STATE_FILES, StateFolder, type StateFolderOptions } from './state-folder.js';
