import { describe, expect, it } from '@jest/globals';
import { composeRound } from './compose-round.ts';
import { fromDecibels } from './decibels.ts';
import type { LinkSettings } from './link-settings.ts';
import { slowestDelayQuantile } from './quasi-static-delay.ts';
import { transmit } from './transmit.ts';

describe("a round's cost", () => {
  it('is the slowest client’s delays and the sum of all airtimes and energies', () => {
    const crossings = [
      { client: 'a', delayMs: 10, airtimeMs: 10, energyJ: 1 },
      { client: 'b', delayMs: 25, airtimeMs: 20, energyJ: 2 },
      { client: 'a', delayMs: 20, airtimeMs: 15, energyJ: 3 },
    ];
    expect(composeRound(crossings)).toEqual({ delayMs: 30, airtimeMs: 45, energyJ: 6 });
    expect(composeRound(crossings.toReversed()).delayMs).toBe(30);
    expect(composeRound([])).toEqual({ delayMs: 0, airtimeMs: 0, energyJ: 0 });
  });

  it('has the delay distribution of the slowest of four in quasi-static mode', () => {
    const link: LinkSettings = {
      fading: 'rayleigh',
      mode: 'quasi-static',
      meanSnrDb: 5,
      bandwidthHz: 1e6,
      coherenceTimeMs: 1000,
      deadlineMs: 1e8,
      rate: { policy: 'shannon', snrGapDb: 0 },
      transmitPowerW: 0.2,
      amplifierEfficiency: 1,
      circuitPowerW: 0,
    };
    const rounds = 5000;
    const delays = Array.from({ length: rounds }, (_, round) => {
      const clients = ['client-0', 'client-1', 'client-2', 'client-3'];
      const crossings = clients.map((client) => ({
        client,
        ...transmit(link, { seed: 1, client, round, direction: 'uplink', bits: 1e6 }),
      }));
      return composeRound(crossings).delayMs / 1000;
    });
    for (const p of [0.5, 0.9, 0.95]) {
      const below = delays.filter((delay) => delay <= slowestDelayQuantile(fromDecibels(5), p, 4)).length / rounds;
      expect(Math.abs(below - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / rounds));
    }
  });
});
