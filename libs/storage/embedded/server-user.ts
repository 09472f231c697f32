import { stat } from 'node:fs/promises';
import { StorageError } from '../storage-error.ts';
import { runProgram, type ProgramUser } from './run-program.ts';

/**
 * Whom the server runs as. PostgreSQL refuses to be root: for root it is whoever owns the data, else the user `postgres`,
 * created when there is none, else `nobody`. For everybody else it is oneself.
 */
export async function serverUser(dataFolder: string): Promise<ProgramUser> {
  if (process.getuid?.() !== 0) return {};
  const owner = await stat(dataFolder).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const found = (await idsOf('postgres')) ?? (await createdPostgres()) ?? (await idsOf('nobody'));
  if (found === undefined)
    throw new StorageError(
      'storage.postgres-user',
      'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody". ' +
        'Create one (useradd --system postgres), run Airtune as an ordinary user, or name a server by DATABASE_URL.',
    );
  return found;
}

async function idsOf(name: string): Promise<ProgramUser | undefined> {
  const [uid, gid] = await Promise.all([runProgram('id', ['-u', name]), runProgram('id', ['-g', name])]);
  if (uid.status !== 0 || gid.status !== 0) return undefined;
  return { uid: Number(uid.output), gid: Number(gid.output) };
}

async function createdPostgres(): Promise<ProgramUser | undefined> {
  await runProgram('groupadd', ['--system', 'postgres']);
  await runProgram('useradd', ['--system', '--gid', 'postgres', '--no-create-home', 'postgres']);
  return idsOf('postgres');
}

/** Whether this user may pass through every parent of a folder, and through the folder itself. */
export async function canReach(user: ProgramUser, folder: string): Promise<boolean> {
  if (user.uid === undefined) return true;
  return (await runProgram('/bin/sh', ['-c', 'test -x "$0"', folder], user)).status === 0;
}
