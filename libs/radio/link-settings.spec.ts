import { describe, expect, it } from '@jest/globals';
import { checkLink, type LinkSettings } from './link-settings.ts';
import { measureLink } from './measure-link.ts';

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

describe('link settings', () => {
  it.each<[Partial<LinkSettings>, string]>([
    [{ bandwidthHz: 0 }, 'link.bandwidthHz is 0; it must be above 0.'],
    [{ coherenceTimeMs: -1 }, 'link.coherenceTimeMs is -1'],
    [{ deadlineMs: Infinity }, 'link.deadlineMs is Infinity'],
    [{ meanSnrDb: Number.NaN }, 'link.meanSnrDb is NaN'],
    [{ downlinkSnrDb: 1e6 }, 'link.downlinkSnrDb is 1000000'],
    [{ snrOffsetDb: { far: -999 } }, 'link.snrOffsetDb.far is -999'],
    [{ rate: { policy: 'fixed', bitsPerSecondPerHz: 0 } }, 'link.rate.bitsPerSecondPerHz is 0'],
    [{ rate: { policy: 'shannon', snrGapDb: Infinity } }, 'link.rate.snrGapDb is Infinity'],
    [{ maxAttempts: 0 }, 'link.maxAttempts is 0'],
    [{ amplifierEfficiency: 1.5 }, 'link.amplifierEfficiency is 1.5'],
    [{ transmitPowerW: -1 }, 'link.transmitPowerW is -1'],
    [{ deadlineMs: 1e9, coherenceTimeMs: 1e-3 }, 'at most 10000000 coherence times'],
  ])('refuse %j', (wrong, message) => {
    expect(() => {
      checkLink({ ...link, ...wrong });
    }).toThrow(message);
  });

  it('measure as averages: mean SNR and ergodic rate in each direction', () => {
    const measured = measureLink({ ...link, downlinkSnrDb: 25, snrOffsetDb: { 'client-1': -5 } }, 'client-1');
    expect(measured.meanSnrDb).toEqual({ uplink: 0, downlink: 20 });
    // e E1(1) / ln 2 and e^0.01 E1(0.01) / ln 2.
    const { uplink, downlink } = measured.ergodicBitsPerSecondPerHz;
    expect([uplink, downlink]).toBeAllClose([0.860347, 5.88408], { absolute: 1e-4 });
    expect([measureLink(link, 'client-0').ergodicBitsPerSecondPerHz.uplink]).toBeAllClose([1.715974185]);
  });
});
