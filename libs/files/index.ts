/** Files that after a crash or a power cut are there as a whole, or as they were before. */
export { replaceFile } from './replace-file.ts';
export { syncFolder } from './sync-folder.ts';
