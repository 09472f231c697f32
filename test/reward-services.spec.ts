import 'reflect-metadata';
import type { Envelope, ExperimentSpec } from '#contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KafkaLaboratory } from './kafka-run.ts';
import { testKafka } from './kafka/test-kafka.ts';
import { digestsOf, Laboratory, REWARD_MODELS, smallPfitSpec } from './whole-run.ts';

const kafka = await testKafka();

/** The same run, judged by services; clients share their completions with them. */
function judgedByServices(changes: { readonly rewards?: object; readonly profiles?: object } = {}): ExperimentSpec {
  const share = { shareCompletions: true };
  const own = { rewards: { helpfulness: 0.9, safety: 0.1 } };
  return smallPfitSpec({
    rewards: {
      helpfulness: { model: 'reward-helpfulness', weight: 0.5 },
      safety: { model: 'reward-safety', weight: 0.5 },
      ...changes.rewards,
    },
    profiles: changes.profiles ?? { 'client-0': share, 'client-1': { ...share, ...own } },
  });
}

describe('a run that learns from rewards', () => {
  let laboratory: Laboratory;
  let facts: Envelope[] = [];
  const run = (spec: ExperimentSpec) => {
    facts = [];
    return laboratory.run(spec, (fact) => facts.push(fact));
  };
  const said = (type: string) => facts.filter((fact) => fact.type === type).map(({ data }) => data);

  beforeAll(async () => {
    laboratory = await Laboratory.open({ rewardModels: REWARD_MODELS, threads: 1 });
  });

  afterAll(async () => {
    await laboratory.close();
  });

  it('comes to the same digests judged at the site, by services in one process, and over Kafka from two sites', async () => {
    const expected = digestsOf(await run(smallPfitSpec()));
    expect(said('completions.submitted')).toEqual([]);
    expect(digestsOf(await run(judgedByServices()))).toEqual(expected);
    // Two clients, two models: three evaluations and two rounds of two iterations.
    expect(said('completions.scored')).toHaveLength(2 * 2 * (3 + 2 * 2));
    if (kafka === undefined) return;
    const distributed = await KafkaLaboratory.open(kafka.settings({ partitions: 2 }), REWARD_MODELS);
    try {
      expect(digestsOf(await distributed.run(judgedByServices()))).toEqual(expected);
      expect(distributed.deadLetters).toEqual([]);
      expect(distributed.faults).toEqual([]);
    } finally {
      await distributed.close();
    }
  }, 240_000);

  it('goes on when a reward model does not answer: uploads are withheld, evaluations not measured, both recorded', async () => {
    const nobody = { safety: { model: 'reward-nobody', weight: 0.5 } };
    const closing = await run(judgedByServices({ rewards: { timeoutMs: 300, ...nobody } }));
    expect(said('upload.sent')).toEqual([]);
    expect(said('upload.withheld')).toHaveLength(4);
    expect(said('upload.withheld')[0]).toMatchObject({
      reason: 'rewards-missing',
      message: expect.stringContaining('reward-nobody did not answer within 300 ms'),
    });
    expect(said('evaluation.reported')[0]).toMatchObject({ unmeasured: expect.stringContaining('reward-nobody') });
    expect(said('round.abandoned')).toHaveLength(2);
    expect(closing.clients.every(({ reward }) => reward === null)).toBe(true);
  }, 120_000);

  it('shows nothing of a client that does not share: its site must have the models', async () => {
    const profiles = { 'client-0': { shareCompletions: true } };
    await expect(run(judgedByServices({ profiles }))).rejects.toThrow(
      /client-1 does not share its completions, and this site has no reward model reward-helpfulness/,
    );
    expect(said('completions.submitted')).toEqual([]);
  }, 120_000);
});
