import 'reflect-metadata';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { auditExperiment, type AuditReport, type Witness } from '#audit';
import { type DataOf, type roundOpened, uploadDelivered } from '#contracts';
import { InProcessPublisher, SystemClock } from '#events';
import { chainEntry, NO_ENTRY, signEntry } from '#ledger';
import { findExperiment, openSigningKey } from '#storage';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { readHeads } from '../apps/trainer/witnessed-heads.ts';
import { openSuperuser } from './postgres/open-superuser.ts';
import { startTestServer, type TestServer } from './postgres/test-server.ts';
import { airtune } from './services/command-line.ts';
import { Laboratory, smallSpec } from './whole-run.ts';

const experiment = 'small-1';

describe('the audit of a run', () => {
  let server: TestServer;
  let laboratory: Laboratory;
  let superuser: pg.Client;
  let databaseUrl: string;

  /** Uploads and downloads are lost now and then: the deadline is short. */
  beforeAll(async () => {
    server = await startTestServer();
    databaseUrl = await server.createDatabase();
    laboratory = await Laboratory.open({ databaseUrl });
    const spec = smallSpec({
      link: { meanSnrDb: 5, deadlineMs: 185 },
      baselines: ['local-only'],
      base: { precision: 'int8' },
    });
    let stray: Promise<void> | undefined;
    await laboratory.run(spec, ({ type, data }) => {
      if (type === 'round.opened') stray ??= sendStray((data as DataOf<typeof roundOpened>).global);
    });
    await stray;
    superuser = await openSuperuser(databaseUrl);
  });

  afterAll(async () => {
    await superuser.end();
    await laboratory.close();
    await server.stop();
  });

  /** An upload of somebody who is no client of the experiment. */
  async function sendStray(global: DataOf<typeof roundOpened>['global']): Promise<void> {
    const { broker, coordinatorBlobs: blobs } = laboratory.system;
    const publisher = new InProcessPublisher({ broker, source: 'channel', blobs, clock: new SystemClock() });
    const crossing = {
      bits: 8,
      bitsDelivered: 8,
      meanSnrDb: 5,
      blocks: 1,
      attempts: 1,
      delayMs: 1,
      airtimeMs: 1,
      energyJ: 1,
    };
    const transmission = { ...crossing, outcome: 'delivered' as const };
    const said = { round: 1, client: 'ghost', site: 'local', examples: 9, head: null, signature: 'A'.repeat(86) };
    await publisher.publish(
      uploadDelivered,
      { ...said, transmission, blob: global, answers: global.digest },
      { experiment, blob: global.digest },
    );
  }

  const audit = (witnesses: readonly Witness[] = []): Promise<AuditReport> => {
    const { record, coordinatorBlobs: blobs } = laboratory.system;
    return auditExperiment(experiment, { record, blobs, witnesses });
  };
  const witness = async (): Promise<Witness> => {
    return { site: 'local', heads: await readHeads(laboratory.home, 'local', experiment) };
  };
  /** What an audit finds while something is not as it was. */
  const whileTampered = async (tamper: string, undo: string, witnesses: readonly Witness[] = []) => {
    await superuser.query(tamper);
    try {
      return await audit(witnesses);
    } finally {
      await superuser.query(undo);
    }
  };
  const brief = ({ findings }: AuditReport): string[] => findings.map(({ code, place }) => `${code} at ${place}`);

  it('is intact: every row, signature, crossing and aggregate is what it says', async () => {
    const report = await audit([await witness()]);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ verdict: 'intact', state: 'finished', notReplayed: [] });
    expect(report.rounds.map(({ round, stage }) => `${round} ${stage}`)).toEqual([
      '1 committed',
      '2 committed',
      '3 committed',
      '4 evaluated',
    ]);
    expect(report.rounds.slice(0, 3).map(({ aggregate }) => aggregate)).toEqual(Array(3).fill('same digest'));
    expect(report.checked.aggregates).toBe(3);
    expect(report.checked.crossings).toBeGreaterThan(16);
    expect(report.rounds.reduce((lost, round) => lost + round.lost, 0)).toBeGreaterThan(0);
    expect(report.witnesses).toEqual([{ site: 'local', heads: 4 }]);
  });

  const where = `experiment_id = '${experiment}'`;
  it.each([
    ['client', `train_examples = train_examples + 1`, `train_examples = train_examples - 1`, `name = 'client-1'`],
    ['client_profile', `lora_rank = lora_rank + 1`, `lora_rank = lora_rank - 1`, `client = 'client-2'`],
    ['cohort_member', `site = 'x' || site`, `site = substr(site, 2)`, `round = 2 AND client = 'client-0'`],
    ['transmission', `delay_ms = delay_ms * 2`, `delay_ms = delay_ms / 2`, `round = 2 AND client = 'client-3'`],
    ['local_training', `mean_loss_nats = mean_loss_nats / 2`, `mean_loss_nats = mean_loss_nats * 2`, `round = 1`],
    [
      'contribution',
      `recorded_at = recorded_at + interval '1 second'`,
      `recorded_at = recorded_at - interval '1 second'`,
      `round = 1`,
    ],
    [
      'evaluation',
      `personal_correct = personal_correct + 1`,
      `personal_correct = personal_correct - 1`,
      `after_round = 3`,
    ],
    [
      'round',
      `global_after_bytes = global_after_bytes + 1`,
      `global_after_bytes = global_after_bytes - 1`,
      `number = 3`,
    ],
    [
      'stray_upload',
      `reason_message = 'x' || reason_message`,
      `reason_message = substr(reason_message, 2)`,
      `client = 'ghost'`,
    ],
    ['ledger', `kind = 'x' || kind`, `kind = substr(kind, 2)`, `entry = 20`],
  ])('finds a changed row in %s', async (table, change, back, row) => {
    const report = await whileTampered(
      `UPDATE ${table} SET ${change} WHERE ${where} AND ${row}`,
      `UPDATE ${table} SET ${back} WHERE ${where} AND ${row}`,
    );
    expect(report.verdict).toBe('touched');
    const code = table === 'ledger' ? 'ledger.hash' : 'row.changed';
    expect(brief(report)[0]).toMatch(new RegExp(`^${code} at ${table} `));
    expect((await audit()).findings).toEqual([]);
  });

  it('finds that a client is said to have computed its base in another precision, which its site did not sign', async () => {
    const whose = `${where} AND name = 'client-1'`;
    const report = await whileTampered(
      `UPDATE client SET base_precision = 'fp32' WHERE ${whose}`,
      `UPDATE client SET base_precision = (SELECT base_precision FROM client WHERE ${where} AND name = 'client-0') WHERE ${whose}`,
    );
    expect(brief(report)).toEqual([
      'row.changed at client name=client-1',
      'signature.enrolment at client name=client-1',
    ]);
    expect((await audit()).findings).toEqual([]);
  });

  it.each([
    ...['client_profile', 'cohort_member', 'transmission', 'local_training', 'contribution', 'stray_upload'],
    ...['evaluation', 'round'],
  ])('finds a row that was deleted from %s, and one that was added', async (table) => {
    await superuser.query(`CREATE TEMPORARY TABLE kept AS SELECT * FROM ${table} WHERE ${where} LIMIT 1`);
    const columns = `SELECT string_agg(column_name, ', ') AS list FROM information_schema.columns WHERE table_schema = 'airtune' AND table_name = '${table}'`;
    const { list } = (await superuser.query<{ list: string }>(columns)).rows[0]!;
    const key = `(${where}) AND ctid = (SELECT ctid FROM ${table} AS t WHERE to_jsonb(t) = (SELECT to_jsonb(kept) FROM kept))`;
    const put = `INSERT INTO ${table} (${list}) OVERRIDING SYSTEM VALUE SELECT ${list} FROM kept`;
    const deleted = await whileTampered(`DELETE FROM ${table} WHERE ${key}`, put);
    expect(brief(deleted)[0]).toMatch(new RegExp(`^row\\.missing at ${table} `));
    const column = { client_profile: 'version', evaluation: 'after_round', round: 'number' }[table] ?? 'round';
    await superuser.query(`UPDATE kept SET ${column} = ${column} + 7`);
    if (table === 'contribution') await superuser.query(`UPDATE kept SET id = id + 100000`);
    if (table === 'client_profile') await superuser.query(`UPDATE kept SET effective_from_round = 99`);
    const added = await whileTampered(put, `DELETE FROM ${table} WHERE ${key}`);
    expect(brief(added)).toContainEqual(expect.stringMatching(new RegExp(`^row\\.extra at ${table} `)));
    await superuser.query(`DROP TABLE kept`);
    expect((await audit()).findings).toEqual([]);
  });

  it('finds a changed experiment, and an entry that was taken out of the middle', async () => {
    const seed = await whileTampered(
      `UPDATE experiment SET seed = seed + 1 WHERE id = '${experiment}'`,
      `UPDATE experiment SET seed = seed - 1 WHERE id = '${experiment}'`,
    );
    expect(brief(seed)).toContain(`row.changed at experiment id=${experiment}`);
    await superuser.query(`CREATE TEMPORARY TABLE kept AS SELECT * FROM ledger WHERE ${where} AND entry = 15`);
    const gap = await whileTampered(
      `DELETE FROM ledger WHERE ${where} AND entry = 15`,
      `INSERT INTO ledger SELECT * FROM kept`,
    );
    await superuser.query('DROP TABLE kept');
    expect(gap.findings[0]).toMatchObject({ code: 'ledger.gap', message: 'entry 15 is not there' });
  });

  it('finds a coordinator whose key was changed, deleted, or dated after what it signed', async () => {
    await superuser.query('CREATE TEMPORARY TABLE kept AS SELECT * FROM coordinator');
    const undo = 'DELETE FROM coordinator; INSERT INTO coordinator SELECT * FROM kept';
    const codes = async (tamper: string) =>
      new Set((await whileTampered(tamper, undo)).findings.map(({ code }) => code));
    expect(await codes(`UPDATE coordinator SET public_key = reverse(public_key)`)).toEqual(new Set(['ledger.signer']));
    expect(await codes('DELETE FROM coordinator')).toEqual(new Set(['ledger.signer']));
    const dated = await whileTampered(`UPDATE coordinator SET first_seen_at = now() + interval '1 day'`, undo);
    expect(brief(dated)[0]).toMatch(/^ledger\.signer at coordinator public_key=/);
    await superuser.query('DROP TABLE kept');
    expect((await audit()).findings).toEqual([]);
  });

  it('says what it cannot replay where the spec lets bytes go, proves the rest, and finds what was changed there', async () => {
    await laboratory.run(smallSpec({ seed: 5, history: { keep: { last: 1 } } }));
    const { record, coordinatorBlobs: blobs } = laboratory.system;
    const pruned = () => auditExperiment('small-2', { record, blobs });
    let report = await pruned();
    // Bytes go in their own time.
    for (let waited = 0; waited < 100 && report.rounds[1]?.aggregate !== 'blobs pruned'; waited += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      report = await pruned();
    }
    expect(report).toMatchObject({ verdict: 'intact', findings: [] });
    expect(report.rounds.map(({ aggregate }) => aggregate)).toEqual([
      ...['blobs pruned', 'blobs pruned', 'same digest', 'nothing to aggregate'],
    ]);
    expect(report.notReplayed).toHaveLength(2);
    expect(report.notReplayed[0]).toMatch(/^round 1: 4 of 4 contributions were pruned, as the spec says/);
    const which = `experiment_id = 'small-2' AND round = 1 AND client = 'client-0'`;
    await superuser.query(`UPDATE contribution SET weight = weight + 1 WHERE ${which}`);
    expect(brief(await pruned())[0]).toMatch(/^row\.changed at contribution round=1 client=client-0/);
    await superuser.query(`UPDATE contribution SET weight = weight - 1 WHERE ${which}`);
    // What the spec wants kept is missed.
    const { rows } = await superuser.query<{ digest: string }>(
      `SELECT digest FROM contribution WHERE experiment_id = 'small-2' AND round = 3 AND verdict = 'accepted' LIMIT 1`,
    );
    await blobs.remove(rows[0]!.digest);
    expect((await pruned()).findings).toMatchObject([{ code: 'blob.missing', round: 3 }]);
  });

  it('finds a contribution’s bytes that were changed, and bytes that are gone', async () => {
    const { rows } = await superuser.query<{ digest: string; client: string }>(
      `SELECT digest, client FROM contribution WHERE ${where} AND round = 2 AND verdict = 'accepted' ORDER BY client`,
    );
    const { digest, client } = rows[0]!;
    const path = laboratory.system.coordinatorBlobs.path(digest);
    await rename(path, `${path}.kept`);
    try {
      const gone = await audit();
      expect(gone.findings).toMatchObject([{ code: 'blob.missing', round: 2 }]);
      expect(gone.findings[0]!.place).toMatch(new RegExp(`^contribution round=2 client=${client}`));
      await writeFile(path, 'other bytes');
      expect((await audit()).findings).toMatchObject([{ code: 'blob.corrupt', round: 2 }]);
    } finally {
      await rm(path, { force: true });
      await rename(`${path}.kept`, path);
    }
  });

  it('finds the stored copy of the final global model changed, or gone', async () => {
    const { globalDigest } = await laboratory.system.record.use((db) => findExperiment(db, experiment));
    const path = laboratory.system.coordinatorBlobs.path(globalDigest);
    const place = 'round number=3';
    await rename(path, `${path}.kept`);
    try {
      expect((await audit()).findings).toMatchObject([{ code: 'blob.missing', place, round: 3 }]);
      const bytes = await readFile(`${path}.kept`);
      bytes[bytes.length - 1]! ^= 1;
      await writeFile(path, bytes);
      expect((await audit()).findings).toMatchObject([{ code: 'blob.corrupt', place, round: 3 }]);
    } finally {
      await rm(path, { force: true });
      await rename(`${path}.kept`, path);
    }
    expect(await audit()).toMatchObject({ verdict: 'intact', findings: [] });
  });

  it('by the command reads the blobs where AIRTUNE_BLOBS says they are, and says so where they are not', async () => {
    const { coordinatorBlobs: blobs } = laboratory.system;
    const moved = join(laboratory.home, 'moved', 'blobs');
    await mkdir(dirname(moved));
    await rename(blobs.root, moved);
    try {
      const command = (root: string) =>
        airtune(['audit', experiment, '--json'], {
          AIRTUNE_HOME: join(laboratory.home, 'auditor'),
          DATABASE_URL: databaseUrl,
          AIRTUNE_BLOBS: root,
        }).outcome;
      const [there, elsewhere] = await Promise.all([command(moved), command('')]);
      expect(there).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(there.lines[0]!)).toMatchObject({ verdict: 'intact', checked: { aggregates: 3 } });
      expect(elsewhere).toMatchObject({ code: 1 });
      const { findings } = JSON.parse(elsewhere.lines[0]!) as AuditReport;
      expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(['blob.missing']));
      expect(findings[0]!.message).toContain(join(laboratory.home, 'auditor', 'coordinator', 'blobs'));
    } finally {
      await rename(moved, blobs.root);
    }
  }, 60_000);

  it('finds, by what sites have kept, a chain that was cut at its end', async () => {
    const witnesses = [await witness()];
    const last = witnesses[0]!.heads.at(-1)!.entry;
    await superuser.query(`CREATE TEMPORARY TABLE kept AS SELECT * FROM ledger WHERE ${where} AND entry >= ${last}`);
    const report = await whileTampered(
      `DELETE FROM ledger WHERE ${where} AND entry >= ${last}`,
      `INSERT INTO ledger SELECT * FROM kept`,
      witnesses,
    );
    await superuser.query('DROP TABLE kept');
    const cut = report.findings.find(({ code }) => code === 'witness.cut');
    expect(cut?.message).toMatch(new RegExp(`the ledger ends at entry ${last - 1}: it was cut`));
  });

  it('finds, by what sites have kept and signed, a chain that was rewritten and signed with the coordinator’s own key', async () => {
    const { rows } = await superuser.query<Record<string, unknown>>(
      `SELECT entry::int, kind, covers, recorded_at, signed_by FROM ledger WHERE ${where} ORDER BY entry`,
    );
    const signer = await openSigningKey(join(laboratory.home, 'coordinator', 'keys'));
    await superuser.query(`CREATE TEMPORARY TABLE kept AS SELECT * FROM ledger WHERE ${where}`);
    await superuser.query('BEGIN');
    // A better accuracy after the first round, in the row and in its entry, and everything after it hashed and signed anew.
    const better = `jsonb_set(jsonb_set(covers, '{personal_correct}', '40'), '{personal_accuracy}', '1')`;
    const which = `kind = 'evaluation' AND covers ->> 'after_round' = '1' AND covers ->> 'client' = 'client-0'`;
    await superuser.query(`UPDATE ledger SET covers = ${better} WHERE ${where} AND ${which}`);
    await superuser.query(
      `UPDATE evaluation SET personal_correct = 40, personal_accuracy = 1 WHERE ${where} AND after_round = 1 AND client = 'client-0' AND arm = 'federated'`,
    );
    let before = NO_ENTRY;
    for (const { entry, kind, recorded_at: at } of rows) {
      const { rows: now } = await superuser.query<{ covers: unknown }>(
        `SELECT covers FROM ledger WHERE ${where} AND entry = $1`,
        [entry],
      );
      const recordedAt = (at as Date).toISOString();
      const head = chainEntry(before, { experiment, kind: String(kind), covers: now[0]!.covers, recordedAt });
      const signature = signEntry(signer, experiment, head);
      const set = 'UPDATE ledger SET previous = $2, hash = $3, signature = $4';
      await superuser.query(`${set} WHERE ${where} AND entry = $1`, [entry, before.head, head.head, signature]);
      before = head;
    }
    await superuser.query('COMMIT');
    const alone = await audit();
    const witnessed = await audit([await witness()]);
    expect(brief(alone).every((finding) => finding.startsWith('witness.contribution at contribution round=3'))).toBe(
      true,
    );
    expect(alone.findings.length).toBeGreaterThan(0);
    expect(witnessed.findings[0]).toMatchObject({ code: 'witness.rewritten', round: 2 });
    await superuser.query(`DELETE FROM ledger WHERE ${where}`);
    await superuser.query(`INSERT INTO ledger SELECT * FROM kept`);
    await superuser.query('DROP TABLE kept');
  });

  it('replays a round that the wall clock closed from who had answered by then', async () => {
    const training = { ...smallSpec().training, steps: 400, batchSize: 64 };
    await laboratory.run(smallSpec({ rounds: 1, training, round: { timeoutMs: 1000 } }));
    const { record, coordinatorBlobs: blobs } = laboratory.system;
    const report = await auditExperiment('small-3', { record, blobs });
    expect(report.findings).toEqual([]);
    const [first] = report.rounds;
    expect(first).toMatchObject({ timedOut: true, stage: 'abandoned' });
    expect(first!.missing.length).toBeGreaterThan(0);
    const whose = `experiment_id = 'small-3' AND number = 1`;
    await superuser.query(`UPDATE round SET missing_clients = '["client-9"]' WHERE ${whose}`);
    const touched = await auditExperiment('small-3', { record, blobs });
    expect(brief(touched)).toEqual(['row.changed at round number=1']);
  });
});
