export { serveJob, type ServedJob, type ServeOptions } from './serve-job.js';
