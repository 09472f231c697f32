import { describe, expect, it } from '@jest/globals';

import { probeInt8 } from './probe-int8.ts';

/** 64 products of 255 by weights of so many levels as AVX2 adds them without VNNI (vpmaddubsw): two at a time, in 16 bits. */
function saturating(levels: number): Float32Array {
  let sum = 0;
  for (let pair = 0; pair < 32; pair += 1) sum += Math.min(32_767, 255 * levels + 255 * levels);
  return Float32Array.of(sum / 255 / levels);
}

describe('the probe of 8-bit products', () => {
  it('finds weights with which this machine is exact', async () => {
    expect([127, 63]).toContain(await probeInt8());
  });

  it('takes weights of 7 bits where sums of two products saturate', async () => {
    expect(saturating(127)[0]).toBeLessThan(33);
    expect(saturating(63)[0]).toBeCloseTo(64);
    expect(await probeInt8((levels) => Promise.resolve([saturating(levels)]))).toBe(63);
  });

  it('trusts no weights where even these come out wrong', async () => {
    expect(await probeInt8(() => Promise.resolve([Float32Array.of(64, 63)]))).toBeUndefined();
    expect(await probeInt8(() => Promise.resolve([Float32Array.of(64), Float32Array.of(NaN)]))).toBeUndefined();
  });
});
