import { describe, expect, it } from '@jest/globals';

import { int8LevelsHere, LEVELS, precisionOf } from './base-precision.ts';

describe('the precision of a base', () => {
  it.each(['int8', 'int8-7-bit'] as const)('is %s by the levels of its weights', (precision) => {
    const arithmetic = { precision: 'int8', levels: LEVELS[precision], exceptions: new Set<string>() } as const;
    expect(precisionOf({ arithmetic })).toBe(precision);
  });

  it('is fp32 unless it is said', () => {
    expect(precisionOf({})).toBe('fp32');
    expect(precisionOf({ arithmetic: { precision: 'fp32' } })).toBe('fp32');
  });

  it('cannot be int8 on a processor that multiplies no 8-bit numbers exactly', async () => {
    expect(await int8LevelsHere(() => Promise.resolve(63))).toBe(63);
    const refused = expect(int8LevelsHere(() => Promise.resolve(undefined))).rejects;
    await refused.toMatchObject({ code: 'model.int8-unsupported' });
    await refused.toThrow(/choose fp32/);
  });
});
