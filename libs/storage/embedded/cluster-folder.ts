import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomically } from '../blobs/write-file-atomically.ts';
import { StorageError } from '../storage-error.ts';
import { exists, openFolder } from './binaries.ts';
import type { ProgramUser } from './run-program.ts';
import { canReach } from './server-user.ts';

/** What is in the folder for passing things stays there; everything else must outlive a restart of the machine. */
function shelters(home: string): readonly string[] {
  return home.startsWith(`${tmpdir()}/`) ? [tmpdir(), '/var/lib'] : ['/var/lib', tmpdir()];
}

/** Where a home's database lies: `data/`, `password`, `postgres.log`. */
export interface ClusterFolder {
  readonly path: string;
  /** Whether the data are where the home is; otherwise `location` in the home says where. */
  readonly inHome: boolean;
}

/** The folder of a home whose database was created before; undefined when there is none yet. */
export async function existingCluster(home: string): Promise<ClusterFolder | undefined> {
  const inHome = join(home, 'postgres');
  if (await exists(join(inHome, 'data'))) return { path: inHome, inHome: true };
  const path = await readFile(join(inHome, 'location'), 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
  if (path === undefined) return undefined;
  if (await exists(join(path, 'data'))) return { path, inHome: false };
  throw new StorageError(
    'storage.cluster-missing',
    `The database of ${home} lay in ${path}, which is gone. Bring it back, or start over with another AIRTUNE_HOME.`,
  );
}

/**
 * The folder for a new database: in the home, unless the server's user cannot get there, as under /root (mode 0700); then
 * in a shelter, named by the home's path.
 */
export async function newCluster(home: string, user: ProgramUser): Promise<ClusterFolder> {
  const inHome = join(home, 'postgres');
  await mkdir(inHome, { recursive: true });
  if (await canReach(user, inHome)) return { path: inHome, inHome: true };
  const name = createHash('sha256')
    .update(await realpath(home))
    .digest('hex')
    .slice(0, 16);
  // A home that was deleted and made anew must not meet the database of its predecessor.
  const base = join(await shelterFor(home, user), `database-${name}`);
  for (let attempt = 1; ; attempt++) {
    const path = attempt === 1 ? base : `${base}-${attempt}`;
    if (await exists(join(path, 'data'))) continue;
    await openFolder(path);
    await writeFileAtomically(join(path, 'home'), `${home}\n`);
    return { path, inHome: false };
  }
}

/** Notes in the home where its database lies; called once that is complete. */
export async function rememberCluster(home: string, cluster: ClusterFolder): Promise<void> {
  if (!cluster.inHome) await writeFileAtomically(join(home, 'postgres', 'location'), `${cluster.path}\n`);
}

/** A folder of Airtune's own that the server's user can reach, whatever the home is like. */
export async function shelterFor(home: string, user: ProgramUser): Promise<string> {
  for (const parent of shelters(home)) {
    const path = join(parent, 'airtune');
    const made = await openFolder(path).catch(() => undefined);
    if (made === undefined) continue;
    const { uid } = await stat(path);
    if (uid === process.getuid?.() && (await canReach(user, path))) return path;
  }
  throw new StorageError(
    'storage.no-shelter',
    `PostgreSQL's user (uid ${user.uid ?? 'unknown'}) can reach neither Airtune's home nor ${shelters(home).join(' nor ')}. ` +
      'Name an AIRTUNE_HOME whose parent folders may be passed through (chmod o+x), or a server by DATABASE_URL.',
  );
}
