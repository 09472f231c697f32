import { experimentSpec } from '#contracts';
import { Clock } from '#events';
import { describe, expect, it } from '@jest/globals';
import { basePrecisions } from './base-precisions.ts';
import { TrainerSettings } from './settings.ts';

const MODEL = 'models/tiny-encoder';
const least = { method: 'pftt', model: 'm', data: { source: 'wordnet-topics' } };
const mixed = experimentSpec.parse({ ...least, profiles: { 'client-1': { base: { precision: 'int8' } } } });

/** A clock by which runs in fp32 and in int8, which are taken in turn, take so long. */
class Metronome extends Clock {
  private readonly durationsMs: readonly [number, number];
  private asked = 0;

  constructor(durationsMs: readonly [number, number]) {
    super();
    this.durationsMs = durationsMs;
  }

  now(): Date {
    return new Date(0);
  }

  override elapsedMs(): number {
    const [fp32, int8] = this.durationsMs;
    const at = [0, fp32, fp32, fp32 + int8][this.asked % 4]!;
    const turn = Math.floor(this.asked / 4) * (fp32 + int8);
    this.asked += 1;
    return turn + at;
  }
}

const site = (durationsMs: readonly [number, number] = [10, 4], settings: object = {}) => ({
  settings: new TrainerSettings({ site: 'north', home: '/nowhere', threads: 1, ...settings }),
  clock: new Metronome(durationsMs),
});
const levels = (count: 127 | 63 | undefined) => () => Promise.resolve(count);

describe('what a site computes bases in', () => {
  it('is what spec and profiles ask for, where the processor multiplies 8-bit numbers exactly', async () => {
    const { of, notes } = await basePrecisions(mixed, MODEL, site(), levels(127));
    expect([of(), of('client-0'), of('client-1')]).toEqual(['fp32', 'fp32', 'int8']);
    expect(notes).toEqual([
      'site north: products with the base are 2.5 x as fast in int8 as in fp32 on its processor (measured)',
    ]);
  });

  it('is said to be slower where it is, with what to write instead; nothing else depends on that', async () => {
    const { of, notes } = await basePrecisions(mixed, MODEL, site([3, 4]), levels(127));
    expect(of('client-1')).toBe('int8');
    expect(notes).toEqual([
      expect.stringMatching(
        /^site north: .* slower in int8 than .*, 0\.75 x as fast \(measured\).*`base: \{ precision: fp32 \}`$/,
      ),
    ]);
  });

  it('is int8 with weights of 7 bits on one that saturates, and its user is told', async () => {
    const { of, notes } = await basePrecisions(mixed, MODEL, site(), levels(63));
    expect([of('client-0'), of('client-1')]).toEqual(['fp32', 'int8-7-bit']);
    expect(notes).toEqual([
      expect.stringMatching(/^sums of 8-bit products saturate.*7 bits/),
      expect.stringMatching(/2\.5 x as fast/),
    ]);
  });

  it('is timed by the shape of a decoder too', async () => {
    const instructed = { method: 'pfit', model: 'm', data: { source: 'instructions' }, base: { precision: 'int8' } };
    const { of, notes } = await basePrecisions(experimentSpec.parse(instructed), 'models/tiny-gpt2', site());
    expect(of()).toMatch(/^int8/);
    expect(notes.at(-1)).toMatch(/2\.5 x as fast/);
  });

  it('is refused, with the cure, on one that is wrong even so', async () => {
    const refused = expect(basePrecisions(mixed, MODEL, site(), levels(undefined))).rejects;
    await refused.toMatchObject({ code: 'trainer.int8-unsupported' });
    await refused.toThrow(/write `base: \{ precision: fp32 \}`/);
  });

  it('is fp32, whatever the processor, where no client of the site is asked for int8', async () => {
    const ask = (spec: object, settings?: object) =>
      basePrecisions(experimentSpec.parse({ ...least, ...spec }), MODEL, site([1, 1], settings), levels(undefined));
    const { of, notes } = await ask({});
    expect([of('client-1'), ...notes]).toEqual(['fp32']);
    // Of two sites, the other one hosts client-1.
    const elsewhere = await ask({ profiles: mixed.profiles }, { sites: 2, siteIndex: 0 });
    expect(elsewhere.of('client-0')).toBe('fp32');
  });
});
