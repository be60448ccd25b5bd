export { listenBare, type BareServer } from './bare-server.js';
