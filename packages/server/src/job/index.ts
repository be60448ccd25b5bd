export { jobToForm, jobToYaml } from './form.js';
export { jobJsonSchema } from './json-schema.js';
export { loadJob, parseJob, type ParseOptions } from './parse.js';
