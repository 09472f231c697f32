/** YAML files that users write, specs and site files, read against their schemas. */
export { readDocument } from './read-document.ts';
export { DocumentError } from './document-error.ts';
