import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { codeOf, TrainerError } from './trainer-error.ts';

/** Folders under which a site may open what a spec names; undefined where its own user wrote the spec. */
export type Roots = readonly string[] | undefined;

/**
 * The file or folder that a path leads to, once all symbolic links are followed; only if that lies under one of the roots.
 * A path that leads elsewhere is refused in the same words whether or not anything is there. Throws
 * `trainer.path-not-allowed`; a path under the roots at which there is nothing comes back as it is.
 */
export async function permitPath(path: string, kind: 'data' | 'model', roots: Roots): Promise<string> {
  const real = await realpath(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  });
  if (roots === undefined) return real ?? path;
  const open = await Promise.all(roots.map(async (root) => realpath(root).catch(() => resolve(root))));
  const found = real ?? resolve(path);
  const allowed = real === undefined ? [...open, ...roots.map((root) => resolve(root))] : open;
  if (allowed.some((root) => liesUnder(found, root))) return found;
  const variable = `AIRTUNE_${kind.toUpperCase()}_ROOTS`;
  const list = roots.length === 0 ? 'none is set' : `they are ${roots.join(', ')}`;
  throw new TrainerError(
    'trainer.path-not-allowed',
    `${path} does not lie under this site's ${kind} roots (${variable}; ${list}): put it there, or let the site's operator add its folder.`,
  );
}

function liesUnder(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
