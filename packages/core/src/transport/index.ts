export { connectionOver, type FrameAnswer, type FramePort, type PortEvents } from './connection-over.js';
