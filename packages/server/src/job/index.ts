export { jobToForm, jobToYaml } from './form.js';
export { jobJsonSchema } from './json-schema.js';
export { loadJob, parseJob, rawJob, type ParseOptions } from './parse.js';
