import { describe, expect, it } from '@jest/globals';
import { floatToHalf, halfToFloat } from './half-precision.ts';

describe('binary16', () => {
  it('returns every bit pattern to itself', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = halfToFloat(bits);
      if (!Number.isNaN(value)) expect(floatToHalf(value)).toBe(bits);
    }
  });

  it('rounds to nearest, ties to even, as numpy does', () => {
    // np.float16(x).view(np.uint16)
    expect([1 / 3, 2049, 2051, 65519, 65520, 5.96e-8, 2 ** -25, 1.5 * 2 ** -24, 0.1].map(floatToHalf)).toEqual([
      13653, 26624, 26626, 31743, 31744, 1, 0, 2, 11878,
    ]);
    expect(halfToFloat(floatToHalf(NaN))).toBeNaN();
    expect(floatToHalf(-Infinity)).toBe(0xfc00);
  });
});
