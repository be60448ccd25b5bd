export { readState, type StateContents } from './read-state.js';
export { StateDatabase } from './database.js';
export { checkState, type RunSigns } from './check-state.js';
export { StateFolder, type StateFolderOptions } from './state-folder.js';
export { STATE_FILES } from './tables.js';
