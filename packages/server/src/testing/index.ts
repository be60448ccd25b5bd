export { tinyJob, tinyJobText } from './tiny-job.js';
