import { describe, expect, it } from '@jest/globals';

import {
  add,
  compileModel,
  concat,
  crossEntropy,
  frozenLinear,
  gather,
  gemm,
  gradients,
  GraphBuilder,
  layerNorm,
  matMul,
  mul,
  reduceSum,
  reshape,
  Session,
  slice,
  split,
  transpose,
  type Feed,
} from './index.ts';

const train = (on: boolean): Feed => ({ type: 'bool', shape: [], data: Uint8Array.of(on ? 1 : 0) });
const ramp = (shape: readonly number[]): { shape: readonly number[]; data: Float32Array } => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
});

/** loss = Σ (x·frozen)·w, and its gradient only while training. */
function switched(size: number) {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['rows', size]);
  const condition = g.input('train', 'bool', []);
  const w = g.trainable('w', [size, 2]);
  const loss = reduceSum(g, matMul(g, frozenLinear(g, x, { name: 'layer', weight: ramp([size, size]) }), w), [0, 1]);
  const [slope] = gradients(g, loss, [w]);
  return compileModel(g, { always: { loss }, when: { condition, outputs: { slope: slope! } } });
}

describe('a compiled model', () => {
  it('serves training and evaluation from one session', async () => {
    const session = await Session.open(switched(3));
    const feeds = { x: ramp([4, 3]), w: ramp([3, 2]) };
    const trained = await session.run({ ...feeds, train: train(true) });
    const evaluated = await session.run({ ...feeds, train: train(false) });
    expect(trained['slope']!.shape).toEqual([3, 2]);
    expect(evaluated['slope']!.shape).toEqual([0]);
    expect(evaluated['loss']!.data).toEqual(trained['loss']!.data);
    await session.close();
  });

  it('keeps large frozen weights out of its bytes, and gives the same with and without reordering them', async () => {
    const model = switched(64);
    expect(model.weights).toHaveLength(1);
    expect(model.bytes.length).toBeLessThan(64 * 64 * 4);
    const feeds = { x: ramp([4, 64]), w: ramp([64, 2]), train: train(true) };
    const slopes: Float32Array[] = [];
    for (const prepack of [true, false]) {
      const session = await Session.open(model, { prepack });
      slopes.push((await session.run(feeds))['slope']!.data as Float32Array);
      await session.close();
    }
    expect(slopes[0]!).toBeAllClose(slopes[1]!, { relative: 1e-5, absolute: 1e-5 });
  });

  it('says what was fed wrongly', async () => {
    const session = await Session.open(switched(3));
    const feeds = { x: ramp([4, 2]), w: ramp([3, 2]), train: train(true) };
    await expect(session.run(feeds)).rejects.toMatchObject({ code: 'graph.run' });
    await session.close();
  });
});

describe('shapes are checked when building', () => {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['batch', 3]);
  const ids = g.input('ids', 'int64', ['batch']);
  const table = g.trainable('table', [5, 4]);
  const row = g.trainable('row', [4]);

  it.each([
    ['MatMul: cannot multiply [batch, 3] by [5, 4].', () => matMul(g, x, table)],
    ['Gemm: [4] and [batch, 5] do not broadcast.', () => gemm(g, gather(g, table, ids), table, row, { transB: true })],
    ['Add: [batch, 3] and [4] do not broadcast.', () => add(g, x, row)],
    ['Mul: ids is int64, float32 is needed.', () => mul(g, x, ids)],
    ['Reshape: [batch, 3] does not fill [batch, 4].', () => reshape(g, x, ['batch', 4])],
    ['Transpose: [0, 0] is no order of the axes of [batch, 3].', () => transpose(g, x, [0, 0])],
    ['Concat: cannot join [batch, 3], [4] along axis 1.', () => concat(g, [x, row], 1)],
    ['Slice: [batch, 3] has no 1..4 on axis 1.', () => slice(g, x, { axis: 1, start: 1, end: 4 })],
    ['Split: [batch, 3] is not [1, 1] on axis 1.', () => split(g, x, 1, [1, 1])],
    [
      'LayerNorm: row has shape [4], the input [batch, 3].',
      () => layerNorm(g, x, { weight: row, bias: row, epsilon: 1 }),
    ],
    ['Gather: x is float32, int64 is needed.', () => gather(g, table, x)],
    ['CrossEntropy: logits [5, 4] and int64 labels [batch] are not', () => crossEntropy(g, table, ids)],
    ['The graph has two tensors named row.', () => g.trainable('row', [4])],
  ])('%s', (message, build) => {
    expect(build).toThrow(message);
  });
});
