import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

import * as ag from '../index.ts';
import type { Feed, FloatTensor, GraphBuilder, Value } from '../index.ts';

interface Case {
  readonly inputs: { shape: number[]; data: number[] }[];
  readonly weights: { shape: number[]; data: number[] };
  readonly output: number[];
  readonly gradients: number[][];
}
const { cases } = JSON.parse(readFileSync(new URL('../fixtures/operators.json', import.meta.url), 'utf8')) as {
  cases: Record<string, Case>;
};

type Build = (g: GraphBuilder, ...x: [Value, Value, Value, Value]) => Value;
const epsilon = 1e-5;
const int64 = (g: GraphBuilder, shape: number[], data: number[]): Value =>
  g.constant(BigInt64Array.from(data, BigInt), 'int64', shape);
const causal = Float32Array.of(0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0);

/** How each case of the fixture is built; its first argument is what varies. */
const BUILDS: Record<string, Build> = {
  add: ag.add,
  sub: ag.sub,
  mul: ag.mul,
  div: ag.div,
  neg: ag.neg,
  sqrt: ag.sqrt,
  pow: (g, x) => ag.pow(g, x, 3),
  exp: ag.exp,
  log: ag.log,
  erf: ag.erf,
  tanh: ag.tanh,
  sigmoid: ag.sigmoid,
  relu: ag.relu,
  gelu: ag.gelu,
  geluTanh: ag.geluTanh,
  scaledGelu: ag.scaledGelu,
  matMul: (g, a, b) => ag.matMul(g, a, b),
  'matMul transA transB alpha': (g, a, b) => ag.matMul(g, a, b, { transA: true, transB: true, alpha: 0.5 }),
  'matMul transB': (g, a, b) => ag.matMul(g, a, b, { transB: true }),
  'matMul batched': (g, a, b) => ag.matMul(g, a, b),
  'matMul batched transA': (g, a, b) => ag.matMul(g, a, b, { transA: true }),
  'matMul batched transB alpha': (g, a, b) => ag.matMul(g, a, b, { transB: true, alpha: 0.25 }),
  'matMul weight under a batch': (g, a, b) => ag.matMul(g, a, b),
  'matMul weight under a batch transB': (g, a, b) => ag.matMul(g, a, b, { transB: true }),
  gemm: (g, a, b, c) => ag.gemm(g, a, b, c),
  'gemm transB': (g, a, b, c) => ag.gemm(g, a, b, c, { transB: true }),
  'gemm alpha beta': (g, a, b, c) => ag.gemm(g, a, b, c, { alpha: 0.5, beta: 0.25 }),
  softmax: ag.softmax,
  logSoftmax: ag.logSoftmax,
  layerNorm: (g, x, weight, bias) => ag.layerNorm(g, x, { weight, bias, epsilon }),
  skipLayerNorm: (g, x, skip, weight, bias) => ag.layerNorm(g, ag.add(g, x, skip), { weight, bias, epsilon }),
  gather: (g, x) => ag.gather(g, x, int64(g, [2, 2], [0, 2, 2, 2])),
  pick: (g, x) => ag.pick(g, x, int64(g, [2, 1], [1, 0])),
  reduceSum: (g, x) => ag.reduceSum(g, x, [0, 2]),
  reduceMean: (g, x) => ag.reduceMean(g, x, [1], { keepDims: true }),
  reshape: (g, x) => ag.reshape(g, x, [3, 2]),
  transpose: (g, x) => ag.transpose(g, x, [2, 0, 1]),
  concat: (g, a, b) => ag.concat(g, [a, b], 1),
  slice: (g, x) => ag.slice(g, x, { axis: 1, start: 1, end: 3 }),
  split: (g, x) => ag.mul(g, ...(ag.split(g, x, 1, [1, 3]) as [Value, Value])),
  'split, one piece used': (g, x) => ag.split(g, x, 1, [1, 3])[1]!,
  where: (g, a, b) => ag.where(g, g.constant(Uint8Array.of(1, 0), 'bool', [2, 1]), a, b),
  expand: (g, x) => ag.expand(g, x, [2, 3, 2]),
  identity: ag.identity,
  crossEntropy: (g, x) => ag.crossEntropy(g, x, int64(g, [3], [1, 0, 2])),
  'crossEntropy, a label ignored': (g, x) => ag.crossEntropy(g, x, int64(g, [3], [1, -100, 2])),
  'causal attention': (g, q, k, v) => {
    const scores = ag.matMul(g, q, k, { transB: true, alpha: Math.SQRT1_2 });
    return ag.matMul(g, ag.softmax(g, ag.add(g, scores, g.constant(causal, 'float32', [3, 3]))), v);
  },
};

const tensorOf = ({ shape, data }: { shape: number[]; data: number[] }): FloatTensor & Feed => ({
  shape,
  data: Float32Array.from(data),
});

async function open(build: Build, { inputs, weights }: Case) {
  const g = new ag.GraphBuilder();
  const x = inputs.map(({ shape }, i) => g.trainable(`x${i}`, shape));
  const output = build(g, ...(x as [Value, Value, Value, Value]));
  const weighted = ag.mul(g, output, g.frozen('weights', tensorOf(weights)));
  const loss = weighted.shape.length === 0 ? weighted : ag.reduceSum(g, weighted, [...weighted.shape.keys()]);
  const slopes = ag.gradients(g, loss, x).map((slope, i) => [`slope${i}`, slope] as const);
  return ag.Session.open(ag.compileModel(g, { always: { loss, output, ...Object.fromEntries(slopes) } }));
}

const numbers = (feed: Feed | undefined): Float32Array => feed!.data as Float32Array;

describe('every operator', () => {
  it('is a case', () => {
    expect(Object.keys(BUILDS)).toEqual(Object.keys(cases));
  });

  it.each(Object.entries(BUILDS))("%s gives PyTorch's value and gradients", async (name, build) => {
    const expected = cases[name]!;
    const session = await open(build, expected);
    const feeds = Object.fromEntries(expected.inputs.map((input, i) => [`x${i}`, tensorOf(input)]));
    const out = await session.run(feeds);
    await session.close();
    expect(numbers(out['output'])).toBeAllClose(expected.output, { relative: 1e-5, absolute: 1e-6 });
    expected.gradients.forEach((gradient, i) => {
      expect(numbers(out[`slope${i}`])).toBeAllClose(gradient, { relative: 2e-5, absolute: 4e-6 });
    });
  });

  it.each(Object.entries(BUILDS))('%s agrees with central differences', async (name, build) => {
    const { inputs } = cases[name]!;
    const session = await open(build, cases[name]!);
    const feeds: Record<string, Feed> = Object.fromEntries(inputs.map((input, i) => [`x${i}`, tensorOf(input)]));
    const analytic = await session.run(feeds);
    const step = 1e-2;
    for (const [i, input] of inputs.entries()) {
      const lossAt = async (element: number, shift: number): Promise<number> => {
        const moved = tensorOf(input);
        moved.data[element]! += shift;
        return numbers((await session.run({ ...feeds, [`x${i}`]: moved }, ['loss']))['loss'])[0]!;
      };
      const slopes: number[] = [];
      for (const element of input.data.keys()) {
        slopes.push(((await lossAt(element, step)) - (await lossAt(element, -step))) / (2 * step));
      }
      expect(numbers(analytic[`slope${i}`])).toBeAllClose(slopes, { relative: 1e-2, absolute: 3e-3 });
    }
    await session.close();
  });
});
