import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, reachableBinaries } from './binaries.ts';
import { existingCluster, newCluster, rememberCluster, shelterFor } from './cluster-folder.ts';
import { createCluster, SUPERUSER } from './create-cluster.ts';
import { runningPostmaster, stopLeftoverServer } from './postmaster-file.ts';
import { serverUser } from './server-user.ts';
import { startServer } from './start-server.ts';

export interface EmbeddedPostgres {
  /** A superuser's connection URL of the maintenance database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number | undefined;
  /** Resolves when it has ended, however it did, with how. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/**
 * A real PostgreSQL server for one home, its data under `<home>/postgres` or in a shelter. Whoever calls holds the home's
 * lock. Data are created once and never deleted. On a free port, unless one is named.
 */
export async function startEmbeddedPostgres(home: string, port?: number): Promise<EmbeddedPostgres> {
  const existing = await existingCluster(home);
  const user = await serverUser(join(existing?.path ?? join(home, 'postgres'), 'data'));
  const binaries = await reachableBinaries(user, () => shelterFor(home, user));
  const cluster = existing ?? (await newCluster(home, user));
  const data = join(cluster.path, 'data');
  if (!(await exists(data))) {
    await createCluster(cluster.path, binaries, user);
    await rememberCluster(home, cluster);
  }
  await stopLeftoverServer(data);
  const server = await startServer(cluster.path, binaries.postgres, user, port);
  return { ...server, url: await urlOf(cluster.path, server.port) };
}

/** The URL of the server that another process runs for this home; undefined when none does. */
export async function runningEmbeddedPostgres(home: string): Promise<string | undefined> {
  const cluster = await existingCluster(home);
  if (cluster === undefined) return undefined;
  const postmaster = await runningPostmaster(join(cluster.path, 'data'));
  return postmaster?.ready === true ? urlOf(cluster.path, postmaster.port) : undefined;
}

async function urlOf(folder: string, port: number): Promise<string> {
  const password = (await readFile(join(folder, 'password'), 'utf8')).trim();
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
}
