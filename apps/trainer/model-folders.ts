import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './trainer-error.ts';

/** How far below a model root a model may lie: `<root>/<owner>/<model>/<version>`. */
const DEPTH = 3;

/** Folders at or below a root that hold a file of that name, in the order of their names. */
export async function* modelFolders(root: string, file: string, depth = DEPTH): AsyncGenerator<string> {
  const found = await stat(join(root, file)).catch(() => undefined);
  if (found?.isFile() === true) yield root;
  if (depth === 0) return;
  const entries = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === undefined) throw error;
    return [];
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory() || entry.isSymbolicLink()) yield* modelFolders(join(root, entry.name), file, depth - 1);
  }
}
