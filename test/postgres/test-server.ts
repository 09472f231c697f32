import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockHome, startEmbeddedPostgres } from '#storage';
import pg from 'pg';

export interface TestServer {
  /** A new, empty database on the server; its URL. */
  createDatabase(): Promise<string>;
  /** Runs SQL as superuser in a database. */
  run(url: string, sql: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A real PostgreSQL for one test file. Its data stay in the system's temporary folder, so that only the first run ever
 * pays for `initdb`; files that run at the same time get servers of their own. With a home it is a server that nobody
 * else will ever use.
 */
export async function startTestServer(ownHome?: string): Promise<TestServer> {
  const { home, unlock } =
    ownHome === undefined ? await freeHome() : { home: ownHome, unlock: await lockHome(ownHome) };
  const server = await startEmbeddedPostgres(home);
  let created = 0;
  const database = (name: string) => Object.assign(new URL(server.url), { pathname: `/${name}` }).toString();
  return {
    async createDatabase() {
      const name = `test_${(created += 1)}`;
      await run(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await run(server.url, `CREATE DATABASE ${name}`);
      return database(name);
    },
    run,
    async stop() {
      await server.stop();
      await unlock();
    },
  };
}

async function freeHome(): Promise<{ home: string; unlock: () => Promise<void> }> {
  for (let slot = 1; ; slot++) {
    const home = join(tmpdir(), `airtune-tests-${process.getuid?.() ?? 'user'}`, String(slot));
    try {
      return { home, unlock: await lockHome(home) };
    } catch (error) {
      if (slot === 20) throw error;
    }
  }
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
