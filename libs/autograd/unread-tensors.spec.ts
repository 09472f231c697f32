import { describe, expect, it } from '@jest/globals';

import {
  compileModel,
  frozenLinear,
  GraphBuilder,
  Session,
  type FrozenArithmetic,
  type FrozenTensor,
} from './index.ts';

const SIZE = 64;
const numbers = (): Float32Array => Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(i));
const int8: FrozenArithmetic = { precision: 'int8', levels: 63, exceptions: new Set() };

function modelOf(weights: readonly FrozenTensor[], arithmetic: FrozenArithmetic) {
  const g = new GraphBuilder();
  let y = g.input('x', 'float32', ['rows', SIZE]);
  for (const [i, weight] of weights.entries()) y = frozenLinear(g, y, { name: `layer.${i}`, weight }, {}, arithmetic);
  return compileModel(g, { always: { y } });
}

async function resultOf(weights: readonly FrozenTensor[], arithmetic: FrozenArithmetic) {
  const session = await Session.open(modelOf(weights, arithmetic));
  const { y } = await session.run({ x: { shape: [2, SIZE], data: numbers().subarray(0, 2 * SIZE) } });
  await session.close();
  return y!.data;
}

describe.each([{ precision: 'fp32' } as const, int8])(
  'weights that are read when they are needed, in $precision',
  (arithmetic) => {
    it('are in memory one at a time, and give what weights in memory give', async () => {
      const given: Float32Array[] = [];
      const mostHeld: number[] = [];
      const read = (): Float32Array => {
        mostHeld.push(given.filter(({ length }) => length > 0).length);
        const data = numbers();
        given.push(data);
        return data;
      };
      const unread = await resultOf(
        Array.from({ length: 3 }, () => ({ shape: [SIZE, SIZE], read })),
        arithmetic,
      );
      // In int8 once for the scales, when the graph is built, and once for the numbers.
      expect(given).toHaveLength(arithmetic.precision === 'fp32' ? 3 : 6);
      expect(Math.max(...mostHeld)).toBe(0);
      expect(given.every(({ length }) => length === 0)).toBe(true);
      const held = Array.from({ length: 3 }, () => ({ shape: [SIZE, SIZE], data: numbers() }));
      expect(unread).toEqual(await resultOf(held, arithmetic));
      expect(held.every(({ data }) => data.length === SIZE * SIZE)).toBe(true);
    });

    it('say themselves what is wrong with them, and are refused where they do not fill their shape', async () => {
      const torn = new Error('the file is torn');
      const broken = {
        shape: [SIZE, SIZE],
        read: () => {
          throw torn;
        },
      };
      await expect(resultOf([broken], arithmetic)).rejects.toBe(torn);
      const short = { shape: [SIZE, SIZE], read: () => new Float32Array(5) };
      await expect(resultOf([short], arithmetic)).rejects.toThrow(/has 5 elements, its shape \[64, 64\] needs 4096/);
    });
  },
);
