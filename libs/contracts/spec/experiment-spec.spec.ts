import { describe, expect, it } from '@jest/globals';
import { explainIssues } from './explain-issues.ts';
import { baseMemoryBudgetBytes, basePrecision, experimentSpec } from './experiment-spec.ts';
import { rewardModels } from './reinforcement-spec.ts';

const least = { method: 'pftt', model: '../models/tiny', data: { source: 'wordnet-topics' } };

function problems(document: unknown): string[] {
  const parsed = experimentSpec.safeParse(document);
  return parsed.success ? [] : explainIssues(parsed.error, experimentSpec, document);
}

describe('an experiment’s spec', () => {
  it('needs method, model and data, and nothing else', () => {
    const spec = experimentSpec.parse(least);
    expect(spec).toMatchObject({
      seed: 0,
      rounds: 40,
      clients: { count: 4, partition: { dirichletAlpha: 0.5 } },
      training: { steps: 20, batchSize: 16, learningRate: 1e-3, maxTokens: 64, parallel: 1 },
      adapters: { width: 64 },
      lora: { rank: 8, alpha: 16, blocks: 'all' },
      link: { fading: 'rayleigh', meanSnrDb: 5, bandwidthHz: 1e6, deadlineMs: 60_000 },
    });
    expect(problems({})).toEqual([
      expect.stringMatching(/^method: /),
      expect.stringMatching(/^model: /),
      expect.stringMatching(/^data: /),
    ]);
  });

  it('names an unknown field and the fields that there are', () => {
    expect(problems({ ...least, training: { step: 3 } })).toEqual([
      expect.stringMatching(/^training\.step: unknown field; allowed here: steps, batchSize, learningRate, /),
    ]);
    expect(problems({ ...least, data: { source: 'wordnet-topics', train: 'x' } })).toEqual([
      'data.train: unknown field; allowed here: source, topics, limit',
    ]);
  });

  it('names the path, what was wrong and what is allowed', () => {
    const document = {
      ...least,
      rounds: 0,
      link: { meanSnrDb: 'five' },
      profiles: { 'client-2': { lora: { rank: -1 } } },
    };
    expect(problems(document)).toEqual([
      'rounds: must be at least 1, not 0',
      'link.meanSnrDb: must be a number, not "five"',
      'profiles.client-2.lora.rank: must be at least 1, not -1',
    ]);
    expect(problems({ ...least, rounds: 2.5, lora: { blocks: 'some' }, seed: NaN, model: '', training: null })).toEqual(
      [
        'seed: must be a number, not NaN',
        'rounds: must be a whole number, not 2.5',
        'model: must be text that is not empty, not ""',
        'training: must be fields with values, not null',
        'lora.blocks: must be all or a number, not "some"',
      ],
    );
    expect(problems({ ...least, profiles: { 'client-1': { adapters: {} } } })).toEqual([
      'profiles.client-1.adapters: unknown field; allowed here: lora, deviceClass, base, rewards, shareCompletions',
    ]);
    expect(problems({ ...least, profiles: { 'client 9': {} } }).join()).toMatch(/a client is named in lower case/);
  });

  it('takes clients by number, or by name with their data at their sites', () => {
    const data = { source: 'sites', labels: ['bill', 'access'] };
    const clients = { names: ['hospital-a', 'hospital-b'] };
    const spec = experimentSpec.parse({ ...least, data, clients });
    expect(spec).toMatchObject({ data, clients });
    expect(experimentSpec.parse(spec)).toEqual(spec);
    expect(problems({ ...least, clients })).toEqual([
      expect.stringMatching(/^data\.source: clients\.names are clients/),
    ]);
    expect(problems({ ...least, data })).toEqual([
      expect.stringMatching(/^clients: data of source sites lie with named/),
    ]);
    expect(problems({ ...least, data, clients: { names: ['a', 'a'] } })).toEqual([
      'clients.names: a client stands there twice',
    ]);
    expect(problems({ ...least, data, clients: { names: [] } })).toEqual([
      'clients.names: must be a list of at least 1, not a list of 0',
    ]);
    expect(problems({ ...least, data, clients: { names: ['Klinik Süd'] } }).join()).toMatch(
      /^clients\.names\[0\]: a client is named in lower case/,
    );
    expect(problems({ ...least, clients: { count: 0 } })).toEqual(['clients.count: must be at least 1, not 0']);
    expect(problems({ ...least, clients: { partition: { alpha: 1 } } })).toEqual([
      'clients.partition.alpha: unknown field; allowed here: dirichletAlpha, minimumExamples',
    ]);
    expect(problems({ ...least, data, clients: { names: ['a'], partition: {} } }).join()).toMatch(
      /^clients\.(names|partition): unknown field/,
    );
    expect(problems({ ...least, clients: 4 }).join()).toMatch(/^clients: must be fields with values/);
  });

  it('names the precisions that a base may be computed in; fp32 is not written into specs that do not name one', () => {
    const base = { precision: 'int8' };
    const spec = experimentSpec.parse({ ...least, profiles: { 'client-1': { base } } });
    expect(['client-0', 'client-1'].map((client) => basePrecision(spec, client))).toEqual(['fp32', 'int8']);
    expect(basePrecision(experimentSpec.parse({ ...least, base }))).toBe('int8');
    expect(spec).not.toHaveProperty('base');
    expect(problems({ ...least, base: { precision: 'int4' } })).toEqual([
      'base.precision: must be fp32 or int8, not "int4"',
    ]);
    const profiles = { 'client-1': { base: { precision: 'fp16' } } };
    expect(problems({ ...least, profiles })).toEqual([
      'profiles.client-1.base.precision: must be fp32 or int8, not "fp16"',
    ]);
    expect(problems({ ...least, base: {} }).join()).toMatch(/^base\.precision: .*fp32 or int8/);
    expect(problems({ ...least, base: 'int8' })).toEqual([
      'base: must be { precision: fp32 } or { precision: int8 }, not "int8"',
    ]);
    expect(problems({ ...least, base: { colour: 'red' } }).join()).toMatch(/base\.colour: unknown field/);
  });

  it('takes a budget of memory for a base in int8, and for no other', () => {
    const base = { precision: 'int8', memoryBudgetMegabytes: 1.5 };
    const spec = experimentSpec.parse({ ...least, base, profiles: { 'client-1': { base: { precision: 'int8' } } } });
    expect(['client-0', 'client-1'].map((client) => baseMemoryBudgetBytes(spec, client))).toEqual([1.5e6, undefined]);
    expect(problems({ ...least, base: { ...base, precision: 'fp32' } })).toEqual([
      'base.memoryBudgetMegabytes: a budget chooses how int8 is computed: write `precision: int8` beside it, or remove it',
    ]);
    expect(problems({ ...least, base: { ...base, memoryBudgetMegabytes: 0 } }).join()).toMatch(
      /^base\.memoryBudgetMegabytes: /,
    );
  });

  it('lists the sources of data there are', () => {
    expect(problems({ ...least, data: { source: 'imdb' } }).join()).toMatch(/data\.source: .*ag-news/);
  });

  it('takes rewards by name, beside how they are waited for', () => {
    const rewards = {
      helpfulness: { model: 'm/help', weight: 0.5 },
      safety: { model: 'm/safe' },
      timeoutMs: 5000,
    };
    const spec = experimentSpec.parse({
      ...least,
      rewards,
      ppo: { kl: 0 },
      profiles: { 'client-0': { rewards: { safety: -1 } } },
    });
    expect(rewardModels(spec.rewards)).toEqual({
      helpfulness: { model: 'm/help', weight: 0.5 },
      safety: { model: 'm/safe', weight: 1 },
    });
    expect(spec).toMatchObject({
      trainableBlocks: 2,
      rewards: { timeoutMs: 5000, whenAway: 'leave-out', allowNewVersions: false },
      ppo: {
        iterations: 4,
        ownIterations: 48,
        rollouts: 32,
        maxNewTokens: 32,
        temperature: 1,
        epochs: 2,
        clip: 0.2,
        kl: 0,
        klReference: 'base',
      },
      sparsity: { attention: 0, scope: 'attention' },
      distance: { lambda: 0.01 },
    });
    expect(problems({ ...least, rewards: { Safety: { model: 'x' }, help: { weight: 1 } } })).toEqual([
      expect.stringMatching(/^rewards\.help\.model: /),
    ]);
    expect(problems({ ...least, rewards: { Safety: { model: 'x' } } })).toEqual([
      'rewards.Safety: a reward is named in lower case, digits and dashes, at most 63',
    ]);
    expect(problems({ ...least, sparsity: { attention: 0.99 }, ppo: { clip: 1 } })).toHaveLength(2);
    expect(problems({ ...least, ppo: { ownIterations: -1, ownLearningRate: 0 } })).toHaveLength(2);
    expect(experimentSpec.parse({ ...least, ppo: { ownIterations: 0 } }).ppo.ownIterations).toBe(0);
  });
});
