import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../test/postgres/test-server.ts';
import { openRecord } from './open-record.ts';
import type { ExperimentRecord } from './record.ts';
import { HISTORY_TABLES } from './roles/privileges.ts';
import { introduceCoordinator } from './statements/append-entries.ts';
import { insertExperiment } from './statements/submit-experiment.ts';

const experiment = { id: 'e', name: 'e', method: 'pftt', seed: 1, rounds: 1, spec: {}, base: {}, globalDigest: 'd' };
const at = new Date(0);

describe('history', () => {
  let server: TestServer;
  let url: string;
  let record: ExperimentRecord;
  const home = mkdtempSync(join(tmpdir(), 'airtune-history-'));

  beforeAll(async () => {
    server = await startTestServer();
    url = await server.createDatabase();
    record = await openRecord({ home, databaseUrl: url });
    await record.use((db) => insertExperiment(db, { ...experiment, globalBytes: 1, submittedAt: at }));
    await record.use((db) => introduceCoordinator(db, 'key', at));
    await server.run(url, FILL);
  });
  afterAll(async () => {
    await record.close();
    await server.stop();
    rmSync(home, { recursive: true });
  });

  describe.each(HISTORY_TABLES)('%s', (table) => {
    const [column] = { ledger: ['hash'], coordinator: ['public_key'], site: ['public_key'] }[table as string] ?? [
      'experiment_id',
    ];

    it.each([
      `UPDATE airtune.${table} SET ${column} = 'x'`,
      `DELETE FROM airtune.${table}`,
      `TRUNCATE airtune.${table}`,
    ])('has rows that no service can change: %s', async (sql) => {
      await expect(record.use((db) => db.query(sql))).rejects.toMatchObject({ code: 'storage.database-permission' });
    });

    it.each([
      `UPDATE airtune.${table} SET ${column} = 'x'`,
      `DELETE FROM airtune.${table}`,
      `TRUNCATE airtune.${table} CASCADE`,
    ])('nor its owner, superuser or not: %s', async (sql) => {
      await expect(server.run(url, sql)).rejects.toThrow(/is history: rows are added, never changed/);
    });
  });

  it('cannot be truncated from the tables that it refers to either', async () => {
    await expect(server.run(url, 'TRUNCATE airtune.experiment CASCADE')).rejects.toThrow(/is history/);
  });

  it('tells whoever listens of new entries', async () => {
    const heard: string[] = [];
    const stop = await record.listen('airtune_ledger', (payload) => heard.push(payload));
    const entry = `INSERT INTO airtune.ledger SELECT experiment_id, entry + 1, kind, covers, previous, hash, signature, signed_by, recorded_at FROM airtune.ledger`;
    await record.use((db) => db.query(entry));
    while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await stop();
    expect(heard).toEqual(['e']);
  });

  it('listens again after the server ended its connection, and says that something may have been missed', async () => {
    const heard: string[] = [];
    const stop = await record.listen('airtune_ledger', (payload) => heard.push(payload));
    await server.run(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'airtune listener'`,
    );
    while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(heard).toEqual(['']);
    await stop();
  });
});

/** A row in each table of history. */
const FILL = `
  INSERT INTO airtune.site VALUES ('s', 'key', 'by-operator', now());
  INSERT INTO airtune.client VALUES ('e', 'c', 's', 'b', 'd', 'phone', 1, 1, 1, 1, 1, '[]', NULL, 0.5, now(), NULL);
  INSERT INTO airtune.client_profile VALUES ('e', 'c', 1, 1, 'phone', 8, 16, 'all', now());
  INSERT INTO airtune.round (experiment_id, number, purpose, stage, global_before_digest, global_before_bytes, deadline_ms, planned_at)
    VALUES ('e', 1, 'training', 'open', 'd', 1, 1, now());
  INSERT INTO airtune.cohort_member VALUES ('e', 1, 'c', 's', 1, 1, 1, 1);
  INSERT INTO airtune.transmission VALUES ('e', 1, 'c', 'uplink', 1, 1, 1, 1, 1, 1, 1, 1, 'delivered', NULL, now());
  INSERT INTO airtune.local_training VALUES ('e', 1, 'c', 'd', 1, 1, 1, 1, 1, 1, now());
  INSERT INTO airtune.contribution (experiment_id, round, client, verdict, digest, weight, recorded_at)
    VALUES ('e', 1, 'c', 'accepted', 'd', 1, now());
  INSERT INTO airtune.stray_upload VALUES ('e', 1, 'c', 'd', 'r', 'm', now());
  INSERT INTO airtune.evaluation VALUES ('e', 'c', 0, 'federated', 's', 'p', 1, 1, 1, 1, 1, 1, 1, 1, now());
  INSERT INTO airtune.score VALUES ('e', 'r', 'safety', 0, 1, 1, 'c', 'm', '1', 'd', 'p', 'c', 1, 1, NULL, now());
  INSERT INTO airtune.reward_presence VALUES ('e', 1, 'm', 'd', '1', NULL, now());
  INSERT INTO airtune.ledger VALUES ('e', 1, 'evaluation', '{}', 'p', 'h', 's', 'key', now());
`;

describe('the role that services work as', () => {
  let server: TestServer;
  const home = mkdtempSync(join(tmpdir(), 'airtune-role-'));
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(home, { recursive: true });
  });

  async function opening(databaseUrl: string, ownerUrl?: string): Promise<unknown> {
    try {
      const record = await openRecord({ home, databaseUrl, ownerUrl });
      const [found] = await record.use((db) => db.query<{ role: string }[]>('SELECT current_user::text AS role'));
      await record.close();
      return found?.role;
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  }

  it.each(['UPDATE', 'UPDATE (hash)', 'DELETE', 'TRUNCATE'])('may not have the right to %s', async (right) => {
    const url = await server.createDatabase();
    expect(await opening(url)).toBe('airtune_service');
    await server.run(url, `GRANT ${right} ON airtune.ledger TO airtune_service`);
    expect(await opening(url)).toBe('storage.role-too-strong');
  });

  it('is set up by an owner who is no superuser, and taken on by a user who is not the owner', async () => {
    const url = await server.createDatabase();
    const database = new URL(url).pathname.slice(1);
    await server.run(
      url,
      `DROP ROLE IF EXISTS ${database}_owner; DROP ROLE IF EXISTS ${database}_runner;
       CREATE ROLE ${database}_owner LOGIN CREATEROLE PASSWORD 'owner'; CREATE ROLE ${database}_runner LOGIN PASSWORD 'runner';
       ALTER DATABASE ${database} OWNER TO ${database}_owner; GRANT airtune_service TO ${database}_runner;
       GRANT airtune_service TO ${database}_owner WITH ADMIN TRUE, SET FALSE`,
    );
    const as = (username: string, password: string) => Object.assign(new URL(url), { username, password }).toString();
    const [owner, runner] = [as(`${database}_owner`, 'owner'), as(`${database}_runner`, 'runner')];
    expect(await opening(runner)).toBe('storage.database-permission');
    expect(await opening(runner, owner)).toBe('airtune_service');
    expect(await opening(runner)).toBe('airtune_service');
    expect(await opening(owner)).toBe('airtune_service');
    await server.run(url, `REVOKE airtune_service FROM ${database}_runner`);
    expect(await opening(runner, owner)).toMatch(/^storage\./);
  });
});
