export type { Problem } from './problems.js';
export { formError, jsonSchemaOf, readForm } from './read-form.js';
export type { FormName } from './yaml-map.js';
