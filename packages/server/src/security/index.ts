export { createToken, sameToken, verifyAnswer } from './tokens.js';
