import { describe, expect, it } from '@jest/globals';

import {
  compileModel,
  frozenLinear,
  gradients,
  GraphBuilder,
  mul,
  probeInt8,
  reduceSum,
  Session,
  type FrozenArithmetic,
  type FrozenLayer,
} from '../index.ts';

const wave = (shape: readonly number[], step: number): { shape: readonly number[]; data: Float32Array } => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(step * i + (i % 7))),
});
/** What this processor computes without a sum that saturates. */
const levels = (await probeInt8()) ?? 63;
const int8 = { precision: 'int8', levels, exceptions: new Set<string>() } as const;
const lean = { ...int8, gradients: 'dequantised' } as const;
const [ROWS, IN, OUT] = [6, 40, 24];
const layer = { name: 'layer', weight: wave([IN, OUT], 1.3), bias: wave([OUT], 0.4) };
const upstream = wave([ROWS, OUT], 0.9);

/** y of the layer, and the gradient of x under a loss that weighs every element of y differently. */
async function run(
  x: Float32Array,
  rows = ROWS,
  threads = 1,
  own: FrozenLayer = layer,
  arithmetic: FrozenArithmetic = int8,
) {
  const g = new GraphBuilder();
  const input = g.trainable('x', ['rows', IN]);
  const y = frozenLinear(g, input, own, { alpha: 0.5, beta: 2 }, arithmetic);
  const [slope] = gradients(g, reduceSum(g, mul(g, y, g.input('dy', 'float32', ['rows', OUT])), [0, 1]), [input]);
  const model = compileModel(g, { always: { y, slope: slope! } });
  const session = await Session.open(model, { threads });
  const dy = { shape: [rows, OUT], data: upstream.data.subarray(0, rows * OUT) };
  const out = await session.run({ x: { shape: [rows, IN], data: x }, dy });
  await session.close();
  return { y: out['y']!.data as Float32Array, slope: out['slope']!.data as Float32Array };
}

const even = (x: number): number => {
  const [low, rest] = [Math.floor(x), x - Math.floor(x)];
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
};

/** A vector as whole numbers up to `most` and their scale, by its own largest magnitude. */
function whole(vector: readonly number[], most: number): { numbers: number[]; scale: number } {
  const scale = Math.fround(Math.max(...vector.map(Math.abs)) / most);
  return { numbers: vector.map((x) => even(x / scale)), scale };
}

const column = (data: Float32Array, width: number, at: number): number[] =>
  Array.from({ length: data.length / width }, (_, i) => data[i * width + at]!);
const row = (data: Float32Array, width: number, at: number): number[] => [
  ...data.subarray(at * width, (at + 1) * width),
];
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

describe('a frozen layer in int8', () => {
  const x = wave([ROWS, IN], 0.7).data;

  it('is the exact sum of whole numbers times a scale a row and a scale a channel', async () => {
    const { y } = await run(x);
    const expected = Array.from({ length: ROWS * OUT }, (_, i) => {
      const [at, channel] = [Math.floor(i / OUT), i % OUT];
      const [left, right] = [whole(row(x, IN, at), 127), whole(column(layer.weight.data, OUT, channel), levels)];
      return 0.5 * dot(left.numbers, right.numbers) * left.scale * right.scale + 2 * layer.bias.data[channel]!;
    });
    expect(y).toBeAllClose(expected, { relative: 1e-5, absolute: 1e-6 });
  });

  it('lets the gradient flow back through a transposed copy with channels of its own', async () => {
    const { slope } = await run(x);
    // DynamicQuantizeLinear: one scale for all of dY, from its least number to its largest.
    const dy = upstream.data;
    const [least, most] = [Math.min(0, ...dy), Math.max(0, ...dy)];
    const scale = Math.fround((most - least) / 255);
    const zero = even(-least / scale);
    const numbers = Array.from(dy, (value) => Math.max(0, Math.min(255, even(value / scale) + zero)) - zero);
    const expected = Array.from({ length: ROWS * IN }, (_, i) => {
      const turned = whole(row(layer.weight.data, OUT, i % IN), levels);
      const left = numbers.slice(Math.floor(i / IN) * OUT, (Math.floor(i / IN) + 1) * OUT);
      return 0.5 * dot(left, turned.numbers) * scale * turned.scale;
    });
    expect(slope).toBeAllClose(expected, { relative: 1e-5, absolute: 1e-6 });
  });

  it('lets it flow back by the numbers that its only copy stands for where memory counts more', async () => {
    const { y, slope } = await run(x, ROWS, 1, layer, lean);
    expect(y).toEqual((await run(x)).y);
    const columns = Array.from({ length: OUT }, (_, channel) => whole(column(layer.weight.data, OUT, channel), levels));
    const expected = Array.from({ length: ROWS * IN }, (_, i) => {
      const slopes = row(upstream.data, OUT, Math.floor(i / IN));
      return (
        0.5 *
        dot(
          slopes,
          columns.map(({ numbers, scale }) => numbers[i % IN]! * scale),
        )
      );
    });
    expect(slope).toBeAllClose(expected, { relative: 1e-5, absolute: 1e-6 });
    expect((await run(x, ROWS, 2, layer, lean)).slope).toEqual(slope);
  });

  it('is near fp32, forward and back', async () => {
    const found = await run(x);
    const exact = await run(x, ROWS, 1, layer, { precision: 'fp32' });
    for (const part of ['y', 'slope'] as const) {
      const error = Math.hypot(...found[part].map((value, i) => value - exact[part][i]!));
      expect(error / Math.hypot(...exact[part])).toBeLessThan(levels === 127 ? 0.01 : 0.015);
    }
  });

  it('gives a row the same bits whatever its batch-mates, and however many threads compute it', async () => {
    const loud = x.map((value, i) => (i < IN ? value : 1000 * value));
    const [quiet, beside, threaded] = [await run(x), await run(loud), await run(x, ROWS, 2)];
    expect(beside.y.subarray(0, OUT)).toEqual(quiet.y.subarray(0, OUT));
    expect((await run(x.subarray(0, IN), 1)).y).toEqual(quiet.y.subarray(0, OUT));
    expect(threaded).toEqual(quiet);
  });

  it('gives the bias of a row of zeros', async () => {
    const { y } = await run(new Float32Array(IN), 1);
    expect(y).toBeAllClose(layer.bias.data.map((value) => 2 * value));
  });

  it('reads a table by its rows as it reads the transposed matrix by its columns', async () => {
    const table = new Float32Array(IN * OUT).map((_, i) => layer.weight.data[(i % IN) * OUT + Math.floor(i / IN)]!);
    const turned = { ...layer, weight: { shape: [OUT, IN], data: table }, transposed: true };
    expect(await run(x, ROWS, 1, turned)).toEqual(await run(x));
  });

  it('keeps a second copy of the weight only where a gradient flows', () => {
    const wide = { name: 'wide', weight: wave([64, 64], 1) };
    const build = (learns: boolean, arithmetic: FrozenArithmetic) => {
      const g = new GraphBuilder();
      const w = g.trainable('w', ['rows', 64]);
      const below = learns ? w : g.input('x', 'float32', ['rows', 64]);
      const y = mul(g, frozenLinear(g, below, wide, {}, arithmetic), w);
      const [slope] = gradients(g, reduceSum(g, y, [0, 1]), [w]);
      return compileModel(g, { always: { slope: slope! } }).weights.length;
    };
    expect([build(false, int8), build(true, int8), build(true, lean)]).toEqual([1, 2, 1]);
  });

  it('leaves a layer in fp32 that is named as an exception', async () => {
    const exceptional = { ...int8, exceptions: new Set(['layer']) };
    expect(await run(x, ROWS, 1, layer, exceptional)).toEqual(await run(x, ROWS, 1, layer, { precision: 'fp32' }));
  });

  it.each([
    [{ ...layer, weight: { shape: [2, 20, 24], data: wave([960], 1).data } }, /weight has shape \[2, 20, 24\]/],
    [{ ...layer, weight: wave([OUT, IN], 1) }, /takes float32 of shape \[rows, 24\], not float32 of \[rows, 40\]/],
    [{ ...layer, bias: wave([OUT + 1], 1) }, /bias has shape \[25\], not \[24\]/],
  ])('refuses what its operators cannot compute, naming the layer', async (own, problem) => {
    const refused = expect(run(x, ROWS, 1, own)).rejects;
    await refused.toMatchObject({ code: 'graph.int8-shape' });
    await refused.toThrow(problem);
  });

  it('refuses sums that 32 bits cannot hold', () => {
    const g = new GraphBuilder();
    const long = { name: 'long', weight: { shape: [70_000, 1], data: new Float32Array(70_000) } };
    const build = () => frozenLinear(g, g.input('x', 'float32', ['rows', 70_000]), long, {}, int8);
    expect(build).toThrow(/long cannot be computed in int8: sums of 70000 products/);
  });
});
