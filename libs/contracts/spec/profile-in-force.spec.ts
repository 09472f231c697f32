import { describe, expect, it } from '@jest/globals';
import { experimentSpec, profileChange } from './experiment-spec.ts';
import { changedProfile, firstProfile } from './profile-in-force.ts';

const pftt = experimentSpec.parse({
  method: 'pftt',
  model: '/m',
  data: { source: 'wordnet-topics' },
  profiles: { 'client-1': { lora: { rank: 2, blocks: 1 } } },
});
const pfit = experimentSpec.parse({
  method: 'pfit',
  model: '/m',
  data: { source: 'instructions' },
  rewards: { help: { model: 'h' }, safety: { model: 's', weight: 0.5 } },
  profiles: { 'client-1': { rewards: { safety: 2 } } },
});

describe('the profile of a client', () => {
  it('begins as the spec has it', () => {
    expect(firstProfile(pftt, 'client-1', 'phone')).toEqual({
      deviceClass: 'phone',
      lora: { rank: 2, alpha: 16, blocks: 1 },
      rewards: {},
    });
    expect(firstProfile(pfit, 'client-1', 'standard').rewards).toEqual({ help: 1, safety: 2 });
  });

  it('is changed in what a change names, and in nothing else', () => {
    const first = firstProfile(pfit, 'client-1', 'standard');
    expect(changedProfile(first, profileChange.parse({ rewards: { help: 3 } }))).toEqual({
      ...first,
      rewards: { help: 3, safety: 2 },
    });
    const lora = changedProfile(first, profileChange.parse({ lora: { blocks: 'all' }, deviceClass: 'phone' }));
    expect(lora).toEqual({ ...first, deviceClass: 'phone', lora: { ...first.lora, blocks: 'all' } });
  });

  it('is not changed by nothing, nor in what is settled at submission', () => {
    for (const change of [{}, { lora: {} }, { shareCompletions: true }, { lora: { rank: 0 } }])
      expect(profileChange.safeParse(change).success).toBe(false);
  });
});
