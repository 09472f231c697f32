import { keptManifest, parameterCount, type TensorManifest } from '#parameters';
import { describe, expect, it } from '@jest/globals';
import { channelFamilies } from './channel-families.ts';

/** The last two blocks of GPT-2 small. */
const manifest: TensorManifest = [10, 11].flatMap((block) =>
  (
    [
      ['attention.norm.weight', [768]],
      ['attention.norm.bias', [768]],
      ['attention.qkv.weight', [768, 2304]],
      ['attention.qkv.bias', [2304]],
      ['attention.output.weight', [768, 768]],
      ['attention.output.bias', [768]],
      ['intermediate.norm.weight', [768]],
      ['intermediate.norm.bias', [768]],
      ['intermediate.weight', [768, 3072]],
      ['intermediate.bias', [3072]],
      ['output.weight', [3072, 768]],
      ['output.bias', [768]],
    ] as const
  ).map(([name, shape]) => ({ name: `decoder.${block}.${name}`, shape })),
);

function saved(scope: 'attention' | 'tunable', x: number): number {
  const families = channelFamilies(manifest, scope);
  const kept = families.map(({ name, channels }) => {
    const count = Math.round((1 - x) * channels);
    return [name, Array.from({ length: count }, (_, channel) => channel)] as const;
  });
  return 1 - parameterCount(keptManifest(manifest, families, new Map(kept))) / parameterCount(manifest);
}

describe('channels of the last two blocks of GPT-2 small', () => {
  it('are attention channels, and feed-forward ones where all that is tuned counts', () => {
    const named = (scope: 'attention' | 'tunable') =>
      channelFamilies(manifest, scope).map(({ name, channels }) => `${name} ${channels}`);
    expect(named('attention')).toEqual(['attention.10 768', 'attention.11 768']);
    expect(named('tunable')).toEqual([
      'attention.10 768',
      'feed-forward.10 3072',
      'attention.11 768',
      'feed-forward.11 3072',
    ]);
  });

  it('save 13.3 % of the upload without 40 % of attention, 40 % without 40 % of everything', () => {
    expect(saved('attention', 0.4)).toBeCloseTo(0.1332, 4);
    expect(saved('tunable', 0.4)).toBeCloseTo(0.3997, 4);
  });
});
