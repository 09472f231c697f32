import { describe, expect, it } from '@jest/globals';
import { fromDecibels } from './decibels.ts';
import { bandwidthToMeet, expectedTransferMs } from './expected-transfer.ts';
import { drawFades } from './fades.ts';
import type { LinkSettings } from './link-settings.ts';
import { delayQuantile } from './quasi-static-delay.ts';
import { awgnCapacity, outageProbability } from './rayleigh.ts';
import { transmit, type Transmission } from './transmit.ts';

const g = fromDecibels(5);
const link: LinkSettings = {
  fading: 'rayleigh',
  mode: 'block',
  meanSnrDb: 5,
  bandwidthHz: 1e6,
  coherenceTimeMs: 18,
  deadlineMs: 60_000,
  rate: { policy: 'shannon', snrGapDb: 0 },
  transmitPowerW: 0.2,
  amplifierEfficiency: 0.4,
  circuitPowerW: 0.1,
};
const fixed: LinkSettings = { ...link, rate: { policy: 'fixed', bitsPerSecondPerHz: 1 } };
/** What one block carries at 1 b/s/Hz. */
const BLOCK = 18_000;
const crossing = { seed: 7, client: 'client-0', round: 1, direction: 'uplink' } as const;
const send = (settings: LinkSettings, bits: number, round = 1): Transmission =>
  transmit(settings, { ...crossing, bits, round });
const sendMany = (settings: LinkSettings, bits: number, count: number): Transmission[] =>
  Array.from({ length: count }, (_, round) => send(settings, bits, round));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
/** Within four standard errors, taken from the sample; the seeds are fixed, so this either holds for ever or never. */
const expectMean = (values: readonly number[], expected: number): void => {
  const centre = mean(values);
  const deviation = Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
  expect(Math.abs(centre - expected)).toBeLessThan((4 * deviation) / Math.sqrt(values.length));
};

describe('a transfer at the Shannon rate', () => {
  it('without fading takes bits / (B log2(1 + g))', () => {
    const sent = send({ ...link, fading: 'none' }, 28_624_896);
    const seconds = 28.624896 / awgnCapacity(g);
    expect(sent).toMatchObject({ delivered: true, bits: 28_624_896, bitsDelivered: 28_624_896, averageFadeGain: 1 });
    expect([sent.delayMs, sent.airtimeMs]).toBeAllClose([seconds * 1000, seconds * 1000], { relative: 1e-12 });
    expect(sent.blocks).toBe(Math.ceil((seconds * 1000) / 18));
    expect(sent.attempts).toBe(sent.blocks);
    expect([sent.effectiveSnrDb]).toBeAllClose([5]);
  });

  it('walks the fades that were drawn: three blocks by hand', () => {
    const gains = drawFades(link, crossing);
    const carried = [0, 1, 2].map((block) => BLOCK * Math.log2(1 + g * gains(block)));
    const bits = Math.round((carried[0] ?? 0) + (carried[1] ?? 0) + (carried[2] ?? 0) / 4);
    const sent = send(link, bits);
    expect(sent).toMatchObject({ delivered: true, blocks: 3, attempts: 3 });
    expect([sent.delayMs]).toBeAllClose([2.25 * 18], { absolute: 0.01 });
    expect([sent.averageFadeGain]).toBeAllClose([mean([0, 1, 2].map(gains))], { relative: 1e-12 });
  });

  it('sees the ergodic rate over many coherence times: 12 adapters take about 16.7 s at 1 MHz', () => {
    const times = sendMany(link, 28_624_896, 400).map((sent) => sent.delayMs / 1000);
    const expected = 28.624896 / 1.715974185;
    // A renewal sum overshoots by less than the block it ends in (0.018 s).
    expect(Math.abs(mean(times) - expected)).toBeLessThan(0.018 + (4 * 0.33) / Math.sqrt(400));
    // The rate's standard deviation over N = T/Tc blocks is 0.97767/sqrt(N).
    const spread = Math.sqrt(mean(times.map((time) => (time - expected) ** 2)));
    const predicted = (expected * 0.97767) / 1.715974185 / Math.sqrt(expected / 0.018);
    expect([spread]).toBeAllClose([predicted], { relative: 4 / Math.sqrt(2 * 400), absolute: 0 });
  });

  it('with a gap of 3 dB is a transfer at 3 dB less', () => {
    const gap = send({ ...link, rate: { policy: 'shannon', snrGapDb: 3 } }, 1e6);
    expect([gap.delayMs]).toBeAllClose([send({ ...link, meanSnrDb: 2 }, 1e6).delayMs], { relative: 1e-9 });
  });

  it('in quasi-static mode has the delay distribution of one draw: S/B = 1 s', () => {
    const settings: LinkSettings = { ...link, mode: 'quasi-static', deadlineMs: 1e7 };
    const n = 20_000;
    const delays = sendMany(settings, 1e6, n).map((sent) => sent.delayMs / 1000);
    for (const p of [0.05, 0.5, 0.9, 0.95, 0.99]) {
      const below = delays.filter((delay) => delay <= delayQuantile(g, p)).length / n;
      expect(Math.abs(below - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n));
    }
  });

  it('is lost at the deadline, having used the air until then', () => {
    const sent = send({ ...link, deadlineMs: 1000 }, 28_624_896);
    expect(sent).toMatchObject({ delivered: false, reason: 'deadline', delayMs: 1000, blocks: 56 });
    expect([sent.airtimeMs]).toBeAllClose([1000]);
    expect(sent.bitsDelivered).toBeGreaterThan(1e6);
    expect(sent.bitsDelivered).toBeLessThan(3e6);
  });

  it('arrives when the deadline is the very moment of its end, and not a moment earlier', () => {
    const { delayMs } = send(link, 1e6);
    expect(send({ ...link, deadlineMs: delayMs }, 1e6).delivered).toBe(true);
    expect(send({ ...link, deadlineMs: delayMs - 1e-6 }, 1e6)).toMatchObject({ delivered: false, reason: 'deadline' });
  });
});

describe('a transfer at a fixed rate', () => {
  const outage = outageProbability(g, 1);

  it('loses blocks as often as the outage probability says: 0.2711 at 1 b/s/Hz', () => {
    const once = sendMany({ ...fixed, maxAttempts: 1 }, BLOCK, 100_000);
    const lost = once.filter((sent) => !sent.delivered);
    expect(Math.abs(lost.length / once.length - 0.2711065859)).toBeLessThan(0.0056);
    expect(lost[0]).toMatchObject({ reason: 'attempts', attempts: 1, blocks: 1, bitsDelivered: 0, delayMs: 18 });
  });

  it.each([
    [0.5, 2.279903],
    [1, 1.371943],
    [1.553867205, 1.18706],
    [2, 1.291154],
  ])('at %d b/s/Hz, repeating until it arrives, takes %d s for S/B = 1 s', (rate, seconds) => {
    const settings: LinkSettings = { ...fixed, rate: { policy: 'fixed', bitsPerSecondPerHz: rate } };
    const blocks = 40;
    const bits = Math.floor(BLOCK * rate * blocks);
    const sent = sendMany(settings, bits, 2000);
    const relative = sent.map((one) => one.delayMs / 1000 / (one.bits / 1e6));
    expectMean(relative, seconds);
    expect([expectedTransferMs(settings, 'client-0', 'uplink', 1e6) / 1000]).toBeAllClose([seconds]);
    expect(sent.every((one) => one.blocks === blocks && one.bitsDelivered === one.bits)).toBe(true);
  });

  it('with four attempts a block sends 1.3645 times in the mean and fails 0.0054 of them', () => {
    const sent = sendMany({ ...fixed, maxAttempts: 4 }, BLOCK, 50_000);
    expectMean(
      sent.map((one) => one.attempts),
      1.36453137,
    );
    expectMean(
      sent.map((one) => (one.delivered ? 0 : 1)),
      outage ** 4,
    );
  });

  it('waits with a short last block for the next fade: delay, but no airtime', () => {
    const sent = sendMany(fixed, BLOCK / 4, 200).find((one) => one.attempts === 3);
    expect(sent).toMatchObject({ delivered: true, blocks: 1, delayMs: 2 * 18 + 4.5, airtimeMs: 3 * 4.5 });
  });

  it('never arrives in quasi-static mode once its fade is too deep', () => {
    const settings: LinkSettings = { ...fixed, mode: 'quasi-static', deadlineMs: 900 };
    const sent = sendMany(settings, BLOCK, 300);
    const lost = sent.filter((one) => !one.delivered);
    expect(lost.length).toBeGreaterThan(50);
    expect(lost.every((one) => one.attempts === 50 && one.delayMs === 900)).toBe(true);
    expect(sent.filter((one) => one.delivered).every((one) => one.attempts === 1)).toBe(true);
  });

  it('above the capacity of a link without fading never arrives, and no bandwidth would help', () => {
    const settings: LinkSettings = { ...fixed, fading: 'none', rate: { policy: 'fixed', bitsPerSecondPerHz: 2.1 } };
    expect(send(settings, 1000)).toMatchObject({ delivered: false, bitsDelivered: 0 });
    expect(bandwidthToMeet(settings, 'client-0', 'uplink', 1000)).toBe(Infinity);
  });
});

describe('any transfer', () => {
  it('is the same each time, and of the same fades whatever the payload or the policy', () => {
    expect(send(link, 1e6)).toEqual(send(link, 1e6));
    const still: LinkSettings = { ...link, mode: 'quasi-static' };
    const variants: LinkSettings[] = [
      still,
      { ...still, bandwidthHz: 2e6, meanSnrDb: 9 },
      { ...fixed, mode: 'quasi-static' },
    ];
    const gains = variants.flatMap((one) => [send(one, 1000).averageFadeGain, send(one, 20_000).averageFadeGain]);
    expect(gains).toBeAllClose(gains.map(() => drawFades(link, crossing)(0)));
  });

  it('takes energy: sending P_tx T/eta + P_circ T, receiving P_circ T', () => {
    const up = send({ ...link, fading: 'none' }, 2_057_373);
    const down = transmit({ ...link, fading: 'none' }, { ...crossing, direction: 'downlink', bits: 2_057_373 });
    expect([up.energyJ, down.energyJ]).toBeAllClose([0.2 / 0.4 + 0.1, 0.1], { relative: 1e-6 });
  });

  it('goes faster for a client with a better mean SNR, and down where the base station is stronger', () => {
    const settings: LinkSettings = { ...link, fading: 'none', downlinkSnrDb: 25, snrOffsetDb: { near: 10 } };
    const sentBy = (client: string, direction: 'uplink' | 'downlink'): number =>
      transmit(settings, { ...crossing, client, direction, bits: 1e6 }).meanSnrDb;
    expect([sentBy('near', 'uplink'), sentBy('far', 'uplink'), sentBy('near', 'downlink')]).toEqual([15, 5, 35]);
    expect(sentBy('constructor', 'uplink')).toBe(5);
  });

  it('of no bits ends at once', () => {
    expect(send(link, 0)).toMatchObject({ delivered: true, delayMs: 0, blocks: 0, attempts: 0, averageFadeGain: 1 });
    expect(expectedTransferMs(link, 'client-0', 'uplink', 0)).toBe(0);
  });

  it.each([-1, 0.5, Number.NaN, Infinity])('refuses %d bits', (bits) => {
    expect(() => send(link, bits)).toThrow('whole number of bits');
  });

  it('of a hundred thousand blocks ends and adds up', () => {
    const sent = send({ ...link, deadlineMs: 1e7 }, Math.round(1e5 * BLOCK * 1.716));
    expect(sent.delivered).toBe(true);
    expect([sent.blocks / 1e5, sent.averageFadeGain]).toBeAllClose([1, 1], { relative: 0, absolute: 0.013 });
  });
});

describe('the expected transfer', () => {
  it('is bits over the ergodic rate, and scales with the bandwidth that would meet the deadline', () => {
    const bits = 28_624_896;
    expect([expectedTransferMs(link, 'client-0', 'uplink', bits)]).toBeAllClose([16_681.4], { absolute: 0.1 });
    const tight: LinkSettings = { ...link, deadlineMs: 5000 };
    const bandwidthHz = bandwidthToMeet(tight, 'client-0', 'uplink', bits);
    expect([bandwidthHz / 1e6]).toBeAllClose([3.33629], { absolute: 1e-4 });
    expect([expectedTransferMs({ ...tight, bandwidthHz }, 'client-0', 'uplink', bits)]).toBeAllClose([5000]);
  });

  it('is the median in quasi-static mode', () => {
    const settings: LinkSettings = { ...link, mode: 'quasi-static' };
    expect([expectedTransferMs(settings, 'client-0', 'uplink', 1e6)]).toBeAllClose([597.2195], { absolute: 1e-4 });
    const fast: LinkSettings = { ...fixed, mode: 'quasi-static', rate: { policy: 'fixed', bitsPerSecondPerHz: 2 } };
    expect(expectedTransferMs(fast, 'client-0', 'uplink', 1e6)).toBe(Infinity);
    expect(expectedTransferMs({ ...fixed, mode: 'quasi-static' }, 'client-0', 'uplink', 1e6)).toBe(1000);
  });
});
