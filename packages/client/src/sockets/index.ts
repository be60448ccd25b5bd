export { connectSocket, type ConnectOptions } from './connect-socket.js';
