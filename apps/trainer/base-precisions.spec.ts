import { experimentSpec } from '#contracts';
import { describe, expect, it } from '@jest/globals';
import { basePrecisions } from './base-precisions.ts';

const least = { method: 'pftt', model: 'm', data: { source: 'wordnet-topics' } };
const mixed = experimentSpec.parse({ ...least, profiles: { 'client-1': { base: { precision: 'int8' } } } });

describe('what a site computes bases in', () => {
  it('is what spec and profiles ask for, where the processor multiplies 8-bit numbers exactly', async () => {
    const { of, notes } = await basePrecisions(mixed, () => Promise.resolve(127));
    expect([of(), of('client-0'), of('client-1')]).toEqual(['fp32', 'fp32', 'int8']);
    expect(notes).toEqual([]);
  });

  it('is int8 with weights of 7 bits on one that saturates, and its user is told', async () => {
    const { of, notes } = await basePrecisions(mixed, () => Promise.resolve(63));
    expect([of('client-0'), of('client-1')]).toEqual(['fp32', 'int8-7-bit']);
    expect(notes).toEqual([expect.stringMatching(/no VNNI.*7 bits/)]);
  });

  it('is refused, with the cure, on one that is wrong even so; fp32 asks no processor', async () => {
    const none = () => Promise.resolve(undefined);
    const refused = expect(basePrecisions(mixed, none)).rejects;
    await refused.toMatchObject({ code: 'trainer.int8-unsupported' });
    await refused.toThrow(/write `base: \{ precision: fp32 \}`/);
    expect((await basePrecisions(experimentSpec.parse(least), none)).of('client-1')).toBe('fp32');
  });
});
