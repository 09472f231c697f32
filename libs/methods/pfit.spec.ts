import { describe, expect, it } from '@jest/globals';
import { groupsThatAre, isPersonal, isShared } from './ownership.ts';
import { pfit } from './pfit.ts';
import { pftt } from './pftt.ts';
import { unusedFields } from './unused-fields.ts';

describe('PFIT', () => {
  it('shares the tuned blocks and keeps the value head', () => {
    expect(groupsThatAre(pfit, 'shared')).toEqual(['blocks']);
    expect(isShared(pfit, 'decoder.11.attention.qkv.weight')).toBe(true);
    expect(isPersonal(pfit, 'value.weight')).toBe(true);
  });
});

describe('fields that a method has no use for', () => {
  const written = {
    adapters: { width: 8 },
    training: { steps: 3, learningRate: 1e-4 },
    ppo: { kl: 0 },
    sparsity: { attention: 0.4 },
    profiles: { 'client-1': { lora: { rank: 2 }, rewards: { safety: 1 } } },
  };

  it('are named, with the reason', () => {
    expect(unusedFields(pfit, written)).toEqual([
      { path: ['adapters'], message: 'pfit trains no adapters: remove it' },
      { path: ['training', 'steps'], message: 'pfit takes its steps from ppo: remove it' },
      { path: ['profiles', 'client-1', 'lora'], message: 'pfit trains no LoRA: remove it' },
    ]);
    expect(unusedFields(pftt, written).map(({ path }) => path.join('.'))).toEqual([
      'ppo',
      'sparsity',
      'profiles.client-1.rewards',
    ]);
  });

  it('are the precision of one client’s base where all have the same', () => {
    const base = { precision: 'int8' };
    const message = 'pfit has one base for all clients, in the precision of base: remove it';
    const own = { base, profiles: { 'client-1': { base } } };
    expect(unusedFields(pfit, own)).toEqual([{ path: ['profiles', 'client-1', 'base'], message }]);
    expect(unusedFields(pftt, own)).toEqual([]);
    const budget = { base: { ...base, memoryBudgetMegabytes: 1 } };
    expect(unusedFields(pfit, budget).map(({ path }) => path.join('.'))).toEqual(['base.memoryBudgetMegabytes']);
    expect(unusedFields(pftt, budget)).toEqual([]);
  });

  it('are none in a document that has none', () => {
    expect(unusedFields(pftt, { adapters: {}, training: { steps: 1 } })).toEqual([]);
    expect(unusedFields(pfit, { rewards: {}, distance: { lambda: 0 } })).toEqual([]);
  });
});
