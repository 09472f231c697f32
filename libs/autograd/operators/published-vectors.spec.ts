import { describe, expect, it } from '@jest/globals';

import * as ag from '../index.ts';
import type { FloatTensor, GraphBuilder, Value } from '../index.ts';

/** Values and gradients that transformers and PyTorch give, kept as numbers (float32, 10 digits). */
const vector = (...data: number[]): FloatTensor => ({ shape: [data.length], data: Float32Array.from(data) });

async function evaluate(
  inputs: Readonly<Record<string, FloatTensor>>,
  upstream: FloatTensor,
  build: (g: GraphBuilder, x: Record<string, Value>) => Value,
): Promise<Record<string, Float32Array>> {
  const g = new ag.GraphBuilder();
  const x = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, g.trainable(name, shape)]));
  const y = build(g, x);
  const weighted = ag.mul(g, y, g.frozen('upstream', upstream));
  const loss = ag.reduceSum(g, weighted, [...weighted.shape.keys()]);
  const slopes = ag.gradients(g, loss, Object.values(x)).map((slope, i) => [`d${Object.keys(x)[i]}`, slope]);
  const always = { y, ...(Object.fromEntries(slopes) as Record<string, Value>) };
  const session = await ag.Session.open(ag.compileModel(g, { always }));
  const out = await session.run(inputs);
  await session.close();
  return Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, data as Float32Array]));
}

describe('published vectors', () => {
  it('both GELUs', async () => {
    const ones = vector(1, 1, 1, 1);
    const x = vector(-1, 0.5, 1, 3);
    const exact = await evaluate({ x }, ones, (g, v) => ag.gelu(g, v['x']!));
    const tanh = await evaluate({ x }, ones, (g, v) => ag.geluTanh(g, v['x']!));
    expect(exact['y']!).toBeAllClose([-0.158655253931, 0.345731230637, 0.841344746069, 2.995950305906]);
    expect(tanh['y']!).toBeAllClose([-0.158808009392, 0.345714009825, 0.841191990608, 2.996362607918]);
    const points = vector(-1, 0.5, 2);
    const slope = async (gelu: typeof ag.gelu) =>
      (await evaluate({ x: points }, vector(1, 1, 1), (g, v) => gelu(g, v['x']!)))['dx']!;
    expect(await slope(ag.gelu)).toBeAllClose([-0.0833154706, 0.8674951247, 1.0852318011]);
    expect(await slope(ag.geluTanh)).toBeAllClose([-0.0829640838, 0.8673699035, 1.0860992566]);
  });

  it('layer norm', async () => {
    const inputs = { x: vector(1, 2, 3, 4), w: vector(1, 2, 1, 0.5), b: vector(0, 0, 1, 0) };
    const out = await evaluate(inputs, vector(1, -1, 2, 0.5), (g, v) =>
      ag.layerNorm(g, v['x']!, { weight: v['w']!, bias: v['b']!, epsilon: 1e-5 }),
    );
    expect(out['y']!).toBeAllClose([-1.34163542, -0.89442361, 1.44721181, 0.67081771]);
    expect(out['dx']!).toBeAllClose([0.8497005544, -1.9900931657, 1.4310784074, -0.2906857961], { absolute: 2e-6 });
    expect(out['dw']!).toBeAllClose([-1.34163542, 0.44721181, 0.89442361, 0.67081771]);
  });

  it('cross-entropy', async () => {
    const logits = { shape: [1, 4], data: Float32Array.of(2, 1, 0.1, -1) };
    const out = await evaluate({ x: logits }, { shape: [], data: Float32Array.of(1) }, (g, v) =>
      ag.crossEntropy(g, v['x']!, g.integers([1])),
    );
    expect(out['y']!).toBeAllClose([1.4493130024]);
    expect(out['dx']!).toBeAllClose([0.6380663511, -0.7652685073, 0.0954347031, 0.031767453]);
  });

  it('the larger of two, one of them broadcast', async () => {
    const a = { shape: [2, 3], data: Float32Array.of(0.8, 0.18, 0.09, -0.61, 0.05, -1.37) };
    const upstream = { shape: [2, 3], data: Float32Array.of(0.98, 0.52, 1.24, -0.86, 0.3, 0.42) };
    const out = await evaluate({ a, b: vector(0.34, 0.17, -1.44) }, upstream, (g, v) =>
      ag.maximum(g, v['a']!, v['b']!),
    );
    expect(out['y']!).toBeAllClose([0.8, 0.18, 0.09, 0.34, 0.17, -1.37]);
    expect(out['da']!).toBeAllClose([0.98, 0.52, 1.24, 0, 0, 0.42]);
    expect(out['db']!).toBeAllClose([-0.86, 0.3, 0]);
  });

  it('clamp', async () => {
    const out = await evaluate({ x: vector(-1.2, -0.5, 0.1, 0.5, 0.9) }, vector(1, 2, 3, 4, 5), (g, v) =>
      ag.clamp(g, v['x']!, -0.5, 0.5),
    );
    expect(out['y']!).toBeAllClose([-0.5, -0.5, 0.1, 0.5, 0.5]);
    expect(out['dx']!).toBeAllClose([0, 0, 3, 0, 0]);
  });

  it('token log-probabilities of a tied head at temperature 0.7', async () => {
    const states = [-0.08, 0.93, 0.82, 0.5, -0.16, -0.68, -1.06, 0.75, 0.24, -0.39, 0.15, -1.18];
    const rows = [
      [0.51, -1.53, -1.9, 0.25, -0.09, -0.35, -0.42, -1.66, 1.11, -0.77, 0.98, 1.42],
      [-0.02, -0.5, 0.94, 1.08, 1.22, 1.22, 0.06, 0.8, 0.92, -0.76, 0.07, 0],
    ];
    const table = { shape: [6, 4], data: Float32Array.from(rows.flat()) };
    const out = await evaluate(
      { x: { shape: [3, 4], data: Float32Array.from(states) } },
      vector(0.5, -1.5, 2),
      (g, v) =>
        ag.tokenLogProbabilities(
          g,
          { states: v['x']!, table: g.frozen('table', table), tokens: g.integers([5, 0, 5]) },
          {
            slopesWanted: g.constant(Uint8Array.of(1), 'bool', []),
            reuse: g.constant(Uint8Array.of(0), 'bool', []),
            known: { logProbabilities: g.constant(new Float32Array(3), 'float32', [3]), slopes: v['x']! },
          },
          0.7,
        ).logProbabilities,
    );
    expect(out['y']!).toBeAllClose([-3.737938315, -0.05777360967, -2.325313118]);
    const slopes = [
      [0.01195024303, -0.8324097158, -0.2507759511, -0.6698503053, 0.02351722674, 0.1254221781],
      [0.2902892835, 0.04534898463, 2.43028271, -0.8904352594, 1.394621385, 3.711551881],
    ];
    expect(out['dx']!).toBeAllClose(slopes.flat(), { absolute: 2e-6 });
  });
});
