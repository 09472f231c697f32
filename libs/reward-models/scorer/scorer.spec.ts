import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RewardModel } from '../model/reward-model.ts';
import { InSiteModels } from './in-site-models.ts';
import { keyedDigest } from './keyed-digest.ts';
import { ScoreStore } from './score-store.ts';
import { splitRequests } from './split-requests.ts';
import { StoredScorer, type JudgedAnswer } from './stored-scorer.ts';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;

/** Longer is better, and it counts how often it is asked. */
function lengthModel(version = '1', digest = DIGEST): RewardModel & { asked: number } {
  const model = {
    asked: 0,
    card: {
      name: 'length',
      version,
      digest,
      kind: 'module' as const,
      range: { lowest: 0, highest: 10 },
      standardisation: { mean: 4, deviation: 2 },
    },
    score(completions: readonly { readonly completion: string }[]) {
      model.asked += 1;
      return Promise.resolve(completions.map(({ completion }) => (completion === '?' ? NaN : completion.length)));
    },
    close: () => Promise.resolve(),
  };
  return model;
}

describe('scoring at the site', () => {
  let home: string;
  const key = { client: 'client-0', round: 2, iteration: 1 };
  const pairs = (...completions: string[]) =>
    completions.map((completion) => ({ prompt: 'Q: say\nA:', completion: ` ${completion}` }));
  const judged: JudgedAnswer[] = [];
  const scorer = (model: RewardModel, options: { allowVersionChange?: boolean; models?: [string, string][] } = {}) =>
    new StoredScorer({
      experiment: 'pfit-1',
      models: () =>
        new Map(
          (options.models ?? [['helpfulness', 'length']]).map(([reward, name]) => [
            reward,
            { model: name, source: new InSiteModels(new Map([['length', model]])) },
          ]),
        ),
      store: new ScoreStore(home),
      onJudged: (answer) => {
        judged.push(answer);
        return Promise.resolve();
      },
      allowVersionChange: options.allowVersionChange ?? false,
    });

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'scorer-'));
  });

  afterEach(async () => {
    await rm(home, { recursive: true });
  });

  it('gives standardised scores by the names that the spec has for them', async () => {
    const scores = await scorer(lengthModel()).score(key, pairs('four', 'eight ch'));
    expect([...scores]).toEqual([['helpfulness', [0, 2]]]);
    expect(judged.at(-1)!.question.items[0]).toEqual({ prompt: 'say', completion: 'four' });
  });

  it.each([
    ['?', 'not-finite', null],
    ['longer than ten', 'out-of-range', 15],
  ])('uses no score of %j, and tells why for the record', async (completion, refused, raw) => {
    const scores = scorer(lengthModel()).score(key, pairs('four', completion));
    await expect(scores).rejects.toMatchObject({
      code: 'rewards.score-refused',
      message: expect.stringContaining(`completion 2 is ${refused}`),
    });
    expect(judged.at(-1)!.scores).toEqual([{ raw: 4, standardised: 0 }, expect.objectContaining({ raw, refused })]);
  });

  it('asks nothing twice, not even after a restart', async () => {
    const [first, second] = [lengthModel(), lengthModel()];
    const before = await scorer(first).score(key, pairs('four'));
    expect(await scorer(second).score(key, pairs('four'))).toEqual(before);
    expect([first.asked, second.asked]).toEqual([1, 0]);
    await scorer(second).score({ ...key, iteration: 2 }, pairs('four'));
    expect(second.asked).toBe(1);
    expect((await readdir(home)).filter((name) => name.endsWith('.request.json'))).toHaveLength(2);
  });

  it('asks a model once that several rewards have', async () => {
    const model = lengthModel();
    const models: [string, string][] = [
      ['brevity', 'length'],
      ['helpfulness', 'length'],
    ];
    const scores = await scorer(model, { models }).score(key, pairs('four', 'eight ch'));
    expect([...scores]).toEqual([
      ['brevity', [0, 2]],
      ['helpfulness', [0, 2]],
    ]);
    expect(model.asked).toBe(1);
  });

  it('refuses another version in the middle of an experiment, unless it is allowed', async () => {
    await scorer(lengthModel()).score(key, pairs('four'));
    const later = { ...key, round: 3 };
    const changed = lengthModel('2', `sha256:${'b'.repeat(64)}`);
    await expect(scorer(changed).score(later, pairs('four'))).rejects.toMatchObject({
      code: 'rewards.version-changed',
      message: expect.stringContaining('began with version 1'),
    });
    const allowed = await scorer(changed, { allowVersionChange: true }).score(later, pairs('four'));
    expect([...allowed]).toEqual([['helpfulness', [0]]]);
  });

  it('names the models that there are when one is not', async () => {
    const asked = scorer(lengthModel(), { models: [['safety', 'meek']] }).score(key, pairs('four'));
    await expect(asked).rejects.toThrow('no reward model meek at this site; it has length');
  });
});

describe('requests', () => {
  it('hold no more than a message may, in order', () => {
    const many = Array.from({ length: 600 }, (_, i) => ({ prompt: `${i}`, completion: '' }));
    expect(splitRequests(many).map(({ length }) => length)).toEqual([256, 256, 88]);
    expect(splitRequests(many).flat()).toEqual(many);
    const long = Array.from({ length: 9 }, () => ({ prompt: 'p'.repeat(60_000), completion: 'c'.repeat(60_000) }));
    expect(splitRequests(long).map(({ length }) => length)).toEqual([4, 4, 1]);
    expect(splitRequests([])).toEqual([]);
  });

  it('are proved by keyed digests, which differ by key and by part', () => {
    const [key, other] = [Buffer.from('one'), Buffer.from('two')];
    // printf 'prompt\0text' | openssl dgst -sha256 -hmac one
    const hmac = 'c92799c28a6354a7426a237eb7d47556700d1f97897f8fe24d5079ad2b7f3ae3';
    expect(keyedDigest(key, 'prompt', 'text')).toBe(`sha256:${hmac}`);
    expect(keyedDigest(key, 'prompt', 'text')).not.toBe(keyedDigest(other, 'prompt', 'text'));
    expect(keyedDigest(key, 'prompt', 'text')).not.toBe(keyedDigest(key, 'completion', 'text'));
  });
});
