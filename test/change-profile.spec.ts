import 'reflect-metadata';
import { auditExperiment } from '#audit';
import type { DataOf, downloadDelivered, Envelope, roundOpened } from '#contracts';
import { listProfiles, type ClosingFigures } from '#storage';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openClientModel } from '../apps/trainer/open-client-model.ts';
import { testKafka } from './kafka/test-kafka.ts';
import { KafkaLaboratory } from './kafka-run.ts';
import { digestsOf, Laboratory, smallSpec } from './whole-run.ts';

const kafka = await testKafka();
const whereKafkaRuns = kafka === undefined ? it.skip : it;

/** Client-2 begins with rank 1 in the two upper of four blocks. Long enough a round for a change to come in the middle. */
const spec = smallSpec({ training: { ...smallSpec().training, steps: 6, keepMoments: true } });
const CHANGE = { lora: { rank: 3, blocks: 'all' as const }, deviceClass: 'laptop' };

let laboratory: Laboratory;
afterEach(() => laboratory.close());

/** Runs the spec, and changes client-2 as the first round is opened. */
async function runChanged(watch: (envelope: Envelope) => void = () => undefined): Promise<ClosingFigures> {
  let changing: Promise<unknown> | undefined;
  const { profiles } = laboratory.system;
  const closing = await laboratory.run(spec, (envelope) => {
    watch(envelope);
    if (envelope.type === 'round.opened') changing ??= profiles.change(envelope.experiment, 'client-2', CHANGE);
  });
  expect(await changing).toMatchObject({ version: 2, effectiveFromRound: 2 });
  return closing;
}

describe('a profile that is changed in mid-run', () => {
  it('holds from the next round on, in the record, on the wire and at the site, and the audit proves it', async () => {
    laboratory = await Laboratory.open();
    const asked: unknown[] = [];
    const closing = await runChanged(({ type, data }) => {
      if (type === 'download.delivered') {
        const { round, client, profile = 1 } = data as DataOf<typeof downloadDelivered>;
        asked.push(`${round} ${client} ${profile}`);
      }
      if (type === 'round.opened')
        expect((data as DataOf<typeof roundOpened>).cohort.filter(({ profile }) => profile !== undefined)).toHaveLength(
          (data as DataOf<typeof roundOpened>).round === 1 ? 0 : 1,
        );
    });
    expect(asked).toEqual(expect.arrayContaining(['1 client-2 1', '2 client-2 2', '3 client-2 2', '2 client-0 1']));
    const { record, coordinatorBlobs: blobs } = laboratory.system;
    const versions = (await record.use((db) => listProfiles(db, 'small-1'))).filter((row) => row.client === 'client-2');
    expect(versions).toMatchObject([
      { version: 1, effectiveFromRound: 1, loraRank: 1, loraBlocks: '2', deviceClass: 'standard' },
      { version: 2, effectiveFromRound: 2, loraRank: 3, loraBlocks: 'all', loraAlpha: 4, deviceClass: 'laptop' },
    ]);
    const view = `SELECT round, version FROM airtune.profile_in_force WHERE client = 'client-2' ORDER BY round`;
    expect(await record.use((db) => db.query(view))).toEqual([
      ...[
        { round: 1, version: 1 },
        { round: 2, version: 2 },
        { round: 3, version: 2 },
        { round: 4, version: 2 },
      ],
    ]);
    expect((await auditExperiment('small-1', { record, blobs })).findings).toEqual([]);

    const model = await openClientModel(laboratory.home, 'local', 'small-1', 'client-2');
    expect(model.spec.profiles['client-2']).toMatchObject({ lora: { rank: 3, blocks: 'all' } });
    const lora = [...model.personal]
      .filter(([name]) => name.endsWith('.a'))
      .map(([name, { shape }]) => [name, shape[0]]);
    expect(lora).toHaveLength(8);
    expect(new Set(lora.map(([, rank]) => rank))).toEqual(new Set([3]));
    expect(closing.clients.find(({ client }) => client === 'client-2')).toMatchObject({ site: 'local' });
  }, 120_000);

  it('comes to the same models again, and to others than without it', async () => {
    laboratory = await Laboratory.open();
    const once = digestsOf(await runChanged());
    const [again, unchanged] = [digestsOf(await runChanged()), digestsOf(await laboratory.run(spec))];
    expect(again).toEqual(once);
    expect(unchanged).not.toEqual(once);
  }, 120_000);

  whereKafkaRuns(
    'comes to the same models over Kafka',
    async () => {
      laboratory = await Laboratory.open();
      const expected = digestsOf(await runChanged());
      const services = await KafkaLaboratory.open(kafka!.settings({ partitions: 1 }));
      try {
        const closing = await services.run(spec, {
          inRound: 1,
          act: (experiment, profiles) => profiles.change(experiment, 'client-2', CHANGE),
        });
        expect(digestsOf(closing)).toEqual(expected);
        expect(services.deadLetters).toEqual([]);
        expect(services.faults).toEqual([]);
      } finally {
        await services.close();
      }
    },
    180_000,
  );

  it('is refused where model, method or moment do not allow it, and changes nothing when it says what is so already', async () => {
    laboratory = await Laboratory.open();
    const { profiles } = laboratory.system;
    const refusals: Promise<unknown>[] = [];
    const codeOf = (change: Parameters<typeof profiles.change>[2], client = 'client-2') =>
      profiles.change('small-1', client, change).then(
        ({ version }) => version,
        (error: unknown) => (error as { code: string }).code,
      );
    await laboratory.run(smallSpec({ rounds: 2 }), ({ type, data }) => {
      if (type !== 'round.opened') return;
      const { round } = data as DataOf<typeof roundOpened>;
      if (round === 1)
        refusals.push(
          codeOf({ lora: { blocks: 5 } }),
          codeOf({ lora: { rank: 4000 } }),
          codeOf({ rewards: { help: 1 } }),
          codeOf({ deviceClass: 'phone' }, 'client-9'),
          codeOf({ lora: { rank: 1 } }),
        );
      if (round === 2) refusals.push(codeOf({ lora: { rank: 2 } }));
    });
    refusals.push(codeOf({ lora: { rank: 2 } }));
    expect(await Promise.all(refusals)).toEqual([
      ...['profile.invalid', 'profile.invalid', 'profile.invalid', 'profile.client-unknown', 1],
      ...['profile.too-late', 'experiment.ended'],
    ]);
  }, 120_000);
});
