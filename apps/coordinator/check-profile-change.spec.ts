import { experimentSpec, profileChange } from '#contracts';
import { describe, expect, it } from '@jest/globals';
import { checkProfileChange } from './check-profile-change.ts';

const pftt = experimentSpec.parse({
  method: 'pftt',
  model: '/m',
  data: { source: 'wordnet-topics' },
});
const pfit = experimentSpec.parse({
  method: 'pfit',
  model: '/m',
  data: { source: 'instructions' },
  rewards: { help: { model: 'h' }, safety: { model: 's', weight: 0.5 } },
});
const limits = { layers: 4, hidden: 16 };
const check = (spec: typeof pftt, change: unknown) => () => {
  checkProfileChange(spec, 'client-1', profileChange.parse(change), limits);
};

describe('a change of a profile', () => {
  it('cannot have more than the model has', () => {
    expect(check(pftt, { lora: { rank: 16, blocks: 4 } })).not.toThrow();
    expect(check(pftt, { lora: { blocks: 5 } })).toThrow('lora.blocks: 5 blocks from the top are asked for');
    expect(check(pftt, { lora: { rank: 17 } })).toThrow('lora.rank: 17 is more than the 16 dimensions');
  });

  it('has only what its method looks at', () => {
    expect(check(pftt, { rewards: { help: 1 } })).toThrow(/^rewards: pftt learns from labels/);
    expect(check(pfit, { lora: { rank: 2 } })).toThrow(/^lora: pfit trains no LoRA/);
    expect(check(pfit, { rewards: { wit: 1 } })).toThrow(
      'rewards.wit: there is no such reward; the spec has help, safety',
    );
  });
});
