export { checkCertificate } from './certificate.js';
export { createToken, sharedToken, verifyAnswer } from './tokens.js';
export { TokenBook, type ListedToken } from './token-book.js';
export { nodeHash } from './node-hash.js';
