import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditExperiment } from '#audit';
import type { DeadLetter } from '#events';
import { entryFollows, NO_ENTRY, verifyEntry, type LedgerHead } from '#ledger';
import { addSite, BlobStore, type ExperimentRecord, listEntries, openRecord, openSigningKey } from '#storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { adapter, base, specOf } from '../../test/coordinator/other-side.ts';
import { World, type WorldOutcome } from '../../test/coordinator/world.ts';
import { startTestServer, type TestServer } from '../../test/postgres/test-server.ts';
import { newSigner } from '../../test/site-signer.ts';
import { DeadLetters } from './dead-letters.ts';
import { Experiments } from './experiments.ts';

const folder = mkdtempSync(join(tmpdir(), 'airtune-once-'));
let server: TestServer;
let record: ExperimentRecord;
let databaseUrl: string;

beforeAll(async () => {
  server = await startTestServer();
  databaseUrl = await server.createDatabase();
  record = await openRecord({ home: join(folder, 'home'), databaseUrl });
});
afterAll(async () => {
  await record.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

let world: World;
beforeEach(() => {
  world = new World(folder, record);
});
afterEach(() => world.close());

const rows = <T>(sql: string, ...parameters: unknown[]): Promise<T[]> => world.rows<T>(sql, ...parameters);
const outcome = (id: string): Promise<WorldOutcome> => world.outcome(id);
const finished = (id: string): Promise<void> => world.finished(id);

let undisturbed: WorldOutcome;

beforeAll(async () => {
  const first = new World(folder, record);
  const experiments = await first.coordinator();
  await experiments.submit('undisturbed', specOf(), base);
  await first.settled();
  undisturbed = await first.outcome('undisturbed');
  await first.close();
});

it('an undisturbed run has an entry for each row and each step', () => {
  expect(undisturbed).toMatchObject({
    state: 'finished',
    kinds: {
      'experiment.submitted': 1,
      'experiment.finished': 1,
      'round.opened': 3,
      'round.committed': 2,
      'round.evaluated': 1,
      client: 3,
      client_profile: 3,
      transmission: 15,
      local_training: 6,
      contribution: 6,
      evaluation: 18,
    },
  });
});

describe('the ledger', () => {
  it('is one chain, signed by the coordinator, whose heads were published with the rounds', async () => {
    const entries = await record.use((db) => listEntries(db, 'undisturbed', 0, 1000));
    const signer = await openSigningKey(join(folder, 'keys'));
    let before: LedgerHead = NO_ENTRY;
    for (const { experimentId: experiment, recordedAt, signature, ...entry } of entries) {
      expect(entryFollows(before, { ...entry, experiment, recordedAt: recordedAt.toISOString() })).toBe(true);
      before = { entry: entry.entry, head: entry.hash as LedgerHead['head'] };
      expect(entry.signedBy).toBe(signer.publicKey);
      expect(verifyEntry(entry.signedBy, experiment, before, signature)).toBe(true);
    }
    expect(before.entry).toBe(entries.length);
    const committed = entries.filter(({ kind }) => kind === 'round.committed');
    expect(committed).toHaveLength(2);
    await experimentHeads('heads', committed.length);
  });

  async function experimentHeads(id: string, rounds: number): Promise<void> {
    const experiments = await world.coordinator();
    await experiments.submit(id, specOf(), base);
    await world.settled();
    const said = world.side.heard.filter(({ type }) => type === 'round.committed');
    const published = said.map(({ data }) => (data as { ledger: unknown }).ledger);
    expect(published).toHaveLength(rounds);
    const sql = `SELECT entry, hash AS head FROM airtune.ledger WHERE experiment_id = $1 AND kind = 'round.committed' ORDER BY entry`;
    expect(published).toEqual(await rows(sql, id));
  }

  it.each(['client', 'client_profile', 'transmission', 'local_training', 'contribution', 'evaluation'])(
    'covers %s row by row, so that SQL alone can compare them',
    async (table) => {
      const differing = await rows(
        `SELECT covers FROM airtune.ledger AS l WHERE kind = $1 AND NOT EXISTS (SELECT FROM airtune.${table} AS t
          WHERE to_jsonb(t) - ARRAY['id', 'recorded_at', 'enrolled_at'] = l.covers - ARRAY['recorded_at', 'enrolled_at'])`,
        table,
      );
      expect(differing).toEqual([]);
    },
  );
});

describe('a coordinator', () => {
  it('that hears everything twice, and once more in the other order, counts it once', async () => {
    const experiments = await world.coordinator();
    world.side.stutters = true;
    await experiments.submit('stutter', specOf(), base);
    await world.settled();
    expect(await outcome('stutter')).toEqual(undisturbed);
    await world.side.echo();
    await world.settled();
    expect(await outcome('stutter')).toEqual(undisturbed);
    expect(world.faults).toEqual([]);
  });

  it('shares an experiment with another, on one record and one transport, without either stepping on the other', async () => {
    const [one, other] = await Promise.all([world.coordinator(), world.coordinator()]);
    await Promise.all([one.submit('shared', specOf(), base), other.submit('shared', specOf(), base)]);
    await world.settled();
    expect(await outcome('shared')).toEqual(undisturbed);
    expect(world.faults).toEqual([]);
  });

  it('that dies between commit and publish has said all of it once another one is there', async () => {
    for (let cut = 0; cut < 10; cut++) {
      const id = `unpublished-${cut}`;
      let facts = 0;
      const experiments = await world.coordinator({}, () => (facts += 1) <= cut);
      await experiments.submit(id, specOf(), base);
      await world.settled();
      await world.close();
      expect((await outcome(id)).digest).not.toBe('');
      world.told.length = 0;
      await world.coordinator({ custody: 'all' });
      await finished(id);
      expect([...world.told, ...world.faults]).toEqual([]);
      expect([cut, await outcome(id)]).toEqual([cut, undisturbed]);
      await world.close();
    }
    expect(await rows('SELECT * FROM airtune.outbox')).toEqual([]);
  });

  it('goes on by itself after a restart, wherever the one before was cut', async () => {
    for (let cut = 2; cut < 60; cut += 9) {
      const id = `restarted-${cut}`;
      const experiments = await world.coordinator();
      let facts = 0;
      const stop = world.broker.watch(({ type }) => {
        facts += 1;
        // What had enrolled stays enrolled; who had not, enrols when the submission is stated again.
        if (facts === cut || (facts > cut && type === 'experiment.submitted')) world.side.dead = true;
      });
      await experiments.submit(id, specOf(), base);
      await world.settled();
      stop();
      await world.close();
      world.side.dead = false;
      await world.coordinator({ custody: 'all' });
      await finished(id);
      expect([cut, await outcome(id)]).toEqual([cut, undisturbed]);
      await world.close();
    }
  });

  it('closes a round that another opened, at the time that is in the record', async () => {
    world.side.conduct = (_, client) => (client === 'client-1' ? 'silent' : adapter(2, 2));
    const experiments = await world.coordinator();
    await experiments.submit('abandoned', specOf({ rounds: 1, round: { timeoutMs: 1000 } }), base);
    await world.settled();
    await world.close();
    await world.coordinator({ custody: 'all' });
    for (let waited = 0; waited < 60 && (await outcome('abandoned')).kinds['round.committed'] === undefined; waited++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    const [round] = await rows(
      `SELECT covers->'timed_out' AS late, covers->'missing_clients' AS missing, covers->'stage' AS stage
        FROM airtune.ledger WHERE experiment_id = 'abandoned' AND kind = 'round.committed'`,
    );
    expect(round).toEqual({ late: true, missing: ['client-1'], stage: 'committed' });
    await world.settled();
  });

  it('takes the same submission again, and refuses another of its name, however many come at once', async () => {
    const experiments = await world.coordinator();
    const other = await world.coordinator();
    world.side.dead = true;
    const submitters = [experiments, other, experiments, other, experiments, other];
    const created = await Promise.all(submitters.map((one) => one.submit('again', specOf(), base)));
    expect(created.filter((isNew) => isNew)).toHaveLength(1);
    expect(await experiments.submit('again', specOf(), base)).toBe(false);
    await expect(other.submit('again', specOf({ seed: 5 }), base)).rejects.toMatchObject({ code: 'experiment.exists' });
    const seeds = [1, 2, 3, 4].map((seed) => experiments.submit('contested', specOf({ seed }), base));
    const outcomes = await Promise.allSettled(seeds);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const refused of outcomes.filter(({ status }) => status === 'rejected'))
      expect(refused).toMatchObject({ reason: { code: 'experiment.exists' } });
    expect((await outcome('again')).kinds).toEqual({ 'experiment.submitted': 1 });
    expect((await outcome('contested')).kinds).toEqual({ 'experiment.submitted': 1 });
  });

  it.each([
    ['before its sites have heard of it', 'experiment.submitted', 1],
    ['while clients enrol', 'client.enrolled', 2],
    ['while a round is planned', 'round.planned', 1],
    ['before a cohort is chosen', 'links.measured', 1],
    ['as downloads begin', 'round.opened', 2],
    ['while clients train', 'download.delivered', 4],
    ['while uploads are under way', 'upload.sent', 2],
    ['after the last upload of a round', 'upload.delivered', 3],
    ['as a round is committed', 'round.committed', 1],
    ['while only evaluations are missing', 'evaluation.reported', 15],
  ])(
    'that is cancelled %s ends, says so once, records what still comes in, and goes on when that is regretted',
    async (_, type, nth) => {
      const id = `cancelled-at-${type.replace('.', '-')}`;
      const experiments = await world.coordinator();
      let count = 0;
      let cancelling: Promise<void> | undefined;
      const stop = world.broker.watch((envelope) => {
        if (envelope.type === type && (count += 1) === nth) cancelling = experiments.cancel(id);
      });
      await experiments.submit(id, specOf(), base);
      await world.settled();
      stop();
      await cancelling;
      await world.settled();
      expect(await outcome(id)).toMatchObject({ state: 'cancelled', kinds: { 'experiment.cancelled': 1 } });
      expect(world.side.types().at(-1)).toBe('experiment.failed');
      await experiments.cancel(id);
      expect((await outcome(id)).kinds).toMatchObject({ 'experiment.cancelled': 1 });
      await experiments.resume(id);
      await world.settled();
      const { kinds, ...rest } = await outcome(id);
      const { 'experiment.cancelled': cancelled, ...others } = kinds;
      expect({ cancelled, kinds: others, ...rest }).toEqual({ cancelled: 1, ...undisturbed });
      expect(world.faults).toEqual([]);
      await expect(experiments.cancel(id)).rejects.toMatchObject({ code: 'experiment.ended' });
    },
  );

  it('tells those who wait of an enrolment that could not be read, and of no more than can be told', async () => {
    const service = await world.service();
    world.side.homeless = ['client-2'];
    await service.get(Experiments).submit('unread', specOf(), base);
    await world.settled();
    const headers = { ce_type: 'client.enrolled', ce_experiment: 'unread' };
    const letter = (offset: number, more: object = {}) => ({
      ...{ service: 'coordinator', topic: 'airtune.coordinator', partition: 0, offset, key: 'unread', headers },
      ...{ value: new Uint8Array([0]), code: 'event.version', reason: 'client.enrolled has version 9\u0000' },
      ...more,
    });
    const deadLetters = service.get(DeadLetters);
    for (const offset of [1, 1, 2]) await deadLetters.keep(letter(offset));
    const told = await rows<{ covers: object }>(
      `SELECT covers FROM airtune.ledger WHERE experiment_id = 'unread' AND kind = 'enrolment.unread'`,
    );
    const covers = { service: 'coordinator', contract: 'client.enrolled', code: 'event.version' };
    expect(told).toEqual([1, 2].map(() => ({ covers: { ...covers, message: 'client.enrolled has version 9' } })));
    for (let offset = 3; offset < 40; offset += 1) await deadLetters.keep(letter(offset));
    expect((await outcome('unread')).kinds['enrolment.unread']).toBe(20);
    // About nobody's experiment, or one that nobody can have.
    for (const [index, name] of ['nobody', 'e\u0000', '../..'].entries())
      await deadLetters.keep(letter(100 + index, { headers: { ...headers, ce_experiment: name } }));
    const [kept] = await rows<{ count: number }>(
      `SELECT count(*)::int AS count FROM airtune.dead_letter WHERE topic = 'airtune.coordinator'`,
    );
    expect(kept).toEqual({ count: 42 });
    await server.run(databaseUrl, 'DELETE FROM airtune.dead_letter');
  });

  it("records what a stranger's key signs, refuses it, and goes on", async () => {
    const experiments = await world.coordinator();
    const stop = world.broker.watch(({ type }) => {
      if (type !== 'round.opened') return;
      stop();
      // From here on another key speaks for the site.
      world.side.signer = newSigner();
      void world.side.enrol('stranger', 'client-0');
    });
    await experiments.submit('stranger', specOf({ rounds: 1, round: { timeoutMs: 1000 } }), base);
    await world.settled();
    for (let waited = 0; waited < 60 && (await outcome('stranger')).kinds['round.abandoned'] === undefined; waited++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    await world.settled();
    const refused = await rows(
      `SELECT client, verdict, reason_code FROM airtune.contribution WHERE experiment_id = 'stranger' ORDER BY client`,
    );
    const verdict = { verdict: 'refused', reason_code: 'wrong-signature' };
    expect(refused).toEqual(['client-0', 'client-1', 'client-2'].map((client) => ({ client, ...verdict })));
    const [entry] = await rows<{ code: string }>(
      `SELECT covers->>'code' AS code FROM airtune.ledger WHERE experiment_id = 'stranger' AND kind = 'enrolment.refused'`,
    );
    expect(entry).toEqual({ code: 'enrolment.other-key' });
    expect(await outcome('stranger')).toMatchObject({ state: 'finished', kinds: { 'round.abandoned': 1, client: 3 } });
  });

  it('keeps what could not be handled, once, and sends it again once', async () => {
    const sent: DeadLetter[] = [];
    const resend = (letter: DeadLetter): Promise<void> =>
      sent.length === 0 ? Promise.resolve(void sent.push(letter)) : Promise.reject(new Error('the broker is away'));
    const deadLetters = (await world.service({ resend })).get(DeadLetters);
    const headers = { ce_type: 'upload.sent', ce_experiment: 'e\u0000' };
    const letter = {
      ...{ service: 'channel', topic: 'airtune.channel', partition: 3, offset: 7, key: 'e/client-0', headers },
      ...{ value: new Uint8Array([0, 255]), code: 'event.invalid', reason: 'no \u0000 digest' },
    };
    await deadLetters.keep(letter);
    await deadLetters.keep(letter);
    await deadLetters.keep({ ...letter, offset: 8 });
    const kept = await deadLetters.list('untried');
    expect(kept).toMatchObject([
      { messageOffset: 8 },
      { messageOffset: 7, contract: 'upload.sent', reasonCode: 'event.invalid', reasonMessage: 'no \ufffd digest' },
    ]);
    const [later, earlier] = kept.map(({ id }) => id);
    await deadLetters.retry(earlier ?? 0);
    expect(sent[0]).toMatchObject({ topic: 'airtune.channel', key: 'e/client-0', value: Buffer.from([0, 255]) });
    await expect(deadLetters.retry(earlier ?? 0)).rejects.toMatchObject({ code: 'dead-letter.unknown' });
    await expect(deadLetters.retry(later ?? 0)).rejects.toThrow('the broker is away');
    expect((await deadLetters.list('untried')).map(({ id }) => id)).toEqual([later]);
    expect(await deadLetters.list('all')).toHaveLength(2);
  });

  it('lets in a site that its operator has named, and nobody else, under that name or another', async () => {
    const experiments = await world.coordinator({ newSites: 'by-operator' });
    await experiments.submit('gated', specOf({ rounds: 1 }), base);
    await world.settled();
    expect(await outcome('gated')).toMatchObject({ state: 'enrolling', kinds: { 'enrolment.refused': 3 } });
    const [told] = await rows<{ message: string }>(
      `SELECT message FROM airtune.what_was_refused WHERE experiment = 'gated' LIMIT 1`,
    );
    const { signer } = world.side;
    expect(told?.message).toContain(`airtune site add site-a --key ${signer.publicKey}`);
    // A stranger under the name that is about to be let in.
    world.side.signer = newSigner();
    await world.side.enrol('gated', 'client-0');
    await world.side.refuse('gated');
    await world.settled();
    world.side.signer = signer;
    const site = { name: 'site-a', publicKey: signer.publicKey, trusted: 'by-operator' as const, addedAt: new Date(0) };
    await record.use((db) => addSite(db, site));
    // Nobody asks it to try again but the coordinator.
    await finished('gated');
    const { state, kinds } = await outcome('gated');
    expect({ state, refused: kinds['enrolment.refused'] }).toEqual({ state: 'finished', refused: 5 });
    expect(kinds['site.admitted']).toBe(1);
    const findings = async () => {
      const report = await auditExperiment('gated', { record, blobs: new BlobStore(join(folder, 'blobs')) });
      // The other side of this test makes its crossings up.
      return report.findings.filter(({ code }) => code.startsWith('row.'));
    };
    const tamper = (sql: string) => server.run(databaseUrl, `SET session_replication_role = replica; ${sql}`);
    expect(await findings()).toEqual([]);
    await tamper(`UPDATE airtune.site SET public_key = 'x'`);
    expect(await findings()).toMatchObject([{ code: 'row.changed', place: 'site name=site-a' }]);
    await tamper('DELETE FROM airtune.site');
    expect(await findings()).toMatchObject([{ code: 'row.missing', place: 'site name=site-a' }]);
  });

  it('refuses to be a second replica on a blob store of its own', async () => {
    await world.coordinator({ custody: 'all' });
    await world.coordinator({ custody: 'all' });
    await expect(world.coordinator({ custody: 'all', store: 'elsewhere' })).rejects.toMatchObject({
      code: 'coordinator.other-blobs',
    });
  });

  it("keeps contributions' bytes as long as the spec says, and what is referred to elsewhere", async () => {
    const experiments = await world.coordinator();
    world.side.conduct = (round, client) => adapter(round, Number(client.split('-')[1]) + 100);
    const blobs = new BlobStore(join(folder, 'blobs'));
    await experiments.submit('pruned', specOf({ rounds: 3, seed: 77, history: { keep: { last: 1 } } }), base);
    await world.settled();
    const kept = await rows<{ round: number; digest: string }>(
      `SELECT round, digest FROM airtune.contribution WHERE experiment_id = 'pruned' ORDER BY round, client`,
    );
    const has = await Promise.all(kept.map(async ({ round, digest }) => [round, await blobs.has(digest)]));
    expect(has).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3].map((round) => [round, round === 3]));
  });
});
