export { forwardMacs, trainMacs, type MacCount, type TrainMacCount } from './macs.js';
