import { describe, expect, it } from '@jest/globals';

import { probeInt8 } from './probe-int8.ts';
import { timeInt8 } from './time-int8.ts';

const levels = (await probeInt8()) ?? 63;

/** A clock by which the runs that it is asked around take so long, one after the other. */
function clockOf(durationsMs: readonly number[]): { readonly nowMs: () => number; readonly asked: () => number } {
  let [asked, now] = [0, 1000];
  const nowMs = (): number => {
    const run = (asked - 1) / 2;
    if (Number.isInteger(run)) now += durationsMs[run] ?? NaN;
    asked += 1;
    return now;
  };
  return { nowMs, asked: () => asked };
}

describe('the time of a frozen layer', () => {
  it('is the median of runs that are taken in turn', async () => {
    // Of each pair the first is in fp32. Once the machine was busy with something else.
    const { nowMs, asked } = clockOf([10, 4, 12, 5, 500, 300, 11, 6, 9, 3]);
    expect(await timeInt8({ in: 16, out: 32 }, { levels, threads: 1, nowMs })).toEqual({ fp32Ms: 11, int8Ms: 5 });
    expect(asked()).toBe(20);
  });

  it('is measured on this machine', async () => {
    const { fp32Ms, int8Ms } = await timeInt8(
      { in: 64, out: 256 },
      { levels, threads: 2, nowMs: () => performance.now() },
    );
    for (const time of [fp32Ms, int8Ms, fp32Ms / int8Ms]) {
      expect(time).toBeGreaterThan(0);
      expect(Number.isFinite(time)).toBe(true);
    }
  });
});
