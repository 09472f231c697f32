import { describe, expect, it } from '@jest/globals';

import * as ag from '../index.ts';
import type { FloatTensor, GraphBuilder, ProductOptions, Value } from '../index.ts';

const wave = (shape: readonly number[], step: number): FloatTensor => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((product, dim) => product * dim, 1) }, (_, i) => Math.sin(step * i)),
});

/** The product and the gradients of both operands under a loss that weighs every element differently. */
async function productAndGradients(
  a: FloatTensor,
  b: FloatTensor,
  multiply: (g: GraphBuilder, a: Value, b: Value) => Value,
): Promise<Record<string, Float32Array>> {
  const g = new ag.GraphBuilder();
  const [left, right] = [g.trainable('a', a.shape), g.trainable('b', b.shape)];
  const y = multiply(g, left, right);
  const weights = g.frozen('weights', wave(y.shape.map(Number), 0.9));
  const loss = ag.reduceSum(g, ag.mul(g, y, weights), [...y.shape.keys()]);
  const [da, db] = ag.gradients(g, loss, [left, right]) as [Value, Value];
  const session = await ag.Session.open(ag.compileModel(g, { always: { y, da, db } }));
  const out = await session.run({ a, b });
  await session.close();
  return Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, data as Float32Array]));
}

describe('operands whose rows come before their batch', () => {
  const batchInside = [1, 2, 0, 3];
  const cases: [string, number[], number[], ProductOptions][] = [
    [
      'both, as in scores',
      [5, 2, 3, 4],
      [6, 2, 3, 4],
      { transB: true, transBatchA: true, transBatchB: true, alpha: 0.5 },
    ],
    ['the second, as in weighted values', [2, 3, 5, 6], [6, 2, 3, 4], { transBatchB: true }],
    ['the second, the first transposed', [2, 3, 6, 5], [6, 2, 3, 4], { transA: true, transBatchB: true }],
    ['the first', [5, 2, 3, 4], [2, 3, 4, 6], { transBatchA: true }],
    ['the first, transposed', [4, 2, 3, 5], [2, 3, 4, 6], { transA: true, transBatchA: true }],
  ];
  it.each(cases)('multiply like transposed copies: %s', async (_, shapeA, shapeB, options) => {
    const { transBatchA = false, transBatchB = false, ...plain } = options;
    const [a, b] = [wave(shapeA, 0.7), wave(shapeB, 1.3)];
    const found = await productAndGradients(a, b, (g, x, y) => ag.matMul(g, x, y, options));
    const expected = await productAndGradients(a, b, (g, x, y) =>
      ag.matMul(
        g,
        transBatchA ? ag.transpose(g, x, batchInside) : x,
        transBatchB ? ag.transpose(g, y, batchInside) : y,
        plain,
      ),
    );
    for (const [name, values] of Object.entries(expected)) {
      expect(found[name]!).toBeAllClose(values, { relative: 1e-5, absolute: 1e-5 });
    }
  });
});
