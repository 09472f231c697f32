import { resolve } from 'node:path';
import { experimentSpec } from '#contracts';
import { describe, expect, it } from '@jest/globals';
import { describeBase } from '../spec/describe-base.ts';
import { planRun, type Enrolment } from './plan-run.ts';

const model = (name: string) => resolve(import.meta.dirname, '../../../models', name);
const SPEED = 'site local: products with the base are 2.5 x as fast in int8 as in fp32 on its processor (measured)';

async function notesOf(spec: object): Promise<readonly string[]> {
  const parsed = experimentSpec.parse({ clients: { count: 2 }, ...spec });
  const enrolments = ['client-0', 'client-1'].map((client): Enrolment => ({
    client,
    site: 'local',
    deviceClass: 'standard',
    examples: { train: 10, personalTest: 10, generalTest: 10 },
    parameters: { shared: 1, personal: 1 },
    labels: [],
    majorityClass: 0.5,
    notes: [SPEED],
  }));
  return planRun('run-1', parsed, (await describeBase(parsed)).base, enrolments).notes;
}

describe('what a plan says of a base in int8', () => {
  const base = { precision: 'int8' };
  const pftt = { method: 'pftt', model: model('tiny-encoder'), data: { source: 'wordnet-topics' } };
  const pfit = {
    ...{ method: 'pfit', model: model('tiny-gpt2'), data: { source: 'instructions' } },
    rewards: { helpfulness: { model: model('reward-helpfulness') } },
  };

  it('is what it takes, with the copies by which gradients flow through it, and what sites measured of its speed', async () => {
    // Four blocks of 12 squares of 128: two in fp32, which the last applies to one token, and three with no gradient, at the bottom.
    // 46 + 4 · 2 squares, 43 copies, 4 · 48 in fp32.
    const said = await notesOf({ ...pftt, base });
    expect(said).toEqual([
      SPEED,
      expect.stringMatching(
        /^base in int8: the matrices of its frozen blocks take 884\.7 kB for 3\.15 MB in fp32, and 704\.5 kB more as transposed copies/,
      ),
    ]);
  });

  it('is told too where one client alone has it, and counts the blocks that any client tunes', async () => {
    const profiles = { 'client-1': { base, lora: { blocks: 4 } } };
    const [, said, mixed] = await notesOf({ ...pftt, lora: { blocks: 1 }, profiles });
    expect(said).toMatch(/704\.5 kB more/);
    expect(mixed).toBe('site local has clients in int8 and in fp32: it has a base of each in memory');
    expect(await notesOf(pftt)).toEqual([SPEED]);
  });

  it('is whose budget leaves no room for copies, and a base that fits no budget is refused before anything begins', async () => {
    const budget = (memoryBudgetMegabytes: number) => ({ ...base, memoryBudgetMegabytes });
    const [, , said, mixed] = await notesOf({ ...pftt, base, profiles: { 'client-1': { base: budget(1) } } });
    expect(mixed).toMatch(
      /^site local has clients in int8 and in int8 without transposed copies: it has a base of each/,
    );
    const [, all, why, ...more] = await notesOf({
      ...pftt,
      base: budget(1),
      profiles: { 'client-1': { base: budget(0.9) } },
    });
    expect(all).toMatch(/take 884\.7 kB for 3\.15 MB in fp32; layers/);
    expect(why).toMatch(/no room for transposed copies \(all clients\)/);
    expect(more).toEqual([]);
    expect(said).toMatch(/^base\.memoryBudgetMegabytes leaves no room for transposed copies \(client-1\): /);
    expect(await notesOf({ ...pftt, base: budget(1.6) })).toHaveLength(2);
    const refused = notesOf({ ...pftt, base: budget(1.6), profiles: { 'client-1': { base: budget(0.5) } } });
    await expect(refused).rejects.toMatchObject({ code: 'model.memory-budget' });
  });

  it('is of a decoder that there are no copies, for nothing is tuned below what is frozen', async () => {
    const [, said] = await notesOf({ ...pfit, base, trainableBlocks: 1 });
    expect(said).toMatch(/take 589\.8 kB for 2\.36 MB in fp32, without copies/);
    const [, all] = await notesOf({ ...pfit, base, trainableBlocks: 4 });
    expect(all).toMatch(/^base in int8: all of its blocks are tuned, in fp32/);
  });
});
