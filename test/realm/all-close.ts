import { expect } from '@jest/globals';

interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>> {
    /** Every element within `absolute + relative * |expected|` (default 1e-6 each); lengths must agree. */
    toBeAllClose(expected: ArrayLike<number>, tolerance?: Tolerance): R;
  }
}

expect.extend({
  toBeAllClose(actual: unknown, expected: ArrayLike<number>, tolerance: Tolerance = {}) {
    const { relative = 1e-6, absolute = 1e-6 } = tolerance;
    const values = actual as ArrayLike<number>;
    if (values.length !== expected.length) {
      return {
        pass: false,
        message: () => `expected ${String(expected.length)} elements, got ${String(values.length)}`,
      };
    }
    let worst = -1;
    let worstExcess = 0;
    for (let i = 0; i < expected.length; i += 1) {
      const want = expected[i] ?? NaN;
      const gap = Math.abs((values[i] ?? NaN) - want);
      const excess = gap - (absolute + relative * Math.abs(want));
      if (Number.isNaN(gap) || excess > worstExcess) {
        worst = i;
        worstExcess = Number.isNaN(gap) ? Infinity : excess;
      }
    }
    return {
      pass: worst === -1,
      message: () =>
        worst === -1
          ? 'expected some element to differ'
          : `element ${String(worst)}: got ${String(values[worst])}, expected ${String(expected[worst])}`,
    };
  },
});
