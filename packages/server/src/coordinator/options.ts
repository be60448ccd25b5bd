import type { ConnectionOptions } from './connections/connection-options.js';
import type { RunModelOptions } from './model/run-model-options.js';

/** Everything a coordinator is made of. The platform is handed in. */
export interface CoordinatorOptions extends RunModelOptions, ConnectionOptions {}
