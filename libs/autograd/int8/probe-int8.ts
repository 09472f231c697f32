import { compileModel } from '../compile-model.ts';
import type { Int8Levels } from '../frozen-layer.ts';
import { frozenLinear } from '../frozen-linear.ts';
import { GraphBuilder } from '../graph-builder.ts';
import { gradients } from '../gradients.ts';
import { reduceSum } from '../operators/reduce-sum.ts';
import { Session } from '../session.ts';

/** Computes what `largestSums` describes with weights of so many levels: the result forward and on the way back. */
export type RunProbe = (levels: Int8Levels) => Promise<readonly Float32Array[]>;

// Wide and high enough for every kernel that ONNX Runtime chooses between: one row, a few, many.
const [WIDTH, HEIGHTS] = [64, [1, 5, 64]] as const;

/**
 * With how many levels of weights this processor multiplies 8-bit numbers exactly, undefined if with none. Without VNNI (x86) or dot
 * products (Arm), kernels add two products u8 · s8 in 16 bits, which saturates from 32,767 on: 255 · 127 twice does, 255 · 63 twice
 * does not. Asked by computing the largest sums that there are instead of by the processor's name or flags, since that is what is at
 * stake. `run` is for tests.
 */
export async function probeInt8(run: RunProbe = largestSums): Promise<Int8Levels | undefined> {
  for (const levels of [127, 63] as const) {
    const results = await run(levels);
    if (results.every((sums) => sums.every((sum) => Math.abs(sum - WIDTH) < 1e-3 * WIDTH))) return levels;
  }
  return undefined;
}

/** Ones by a matrix of ones, each as large a whole number as there is: every sum is WIDTH, forward and for the gradient. */
async function largestSums(levels: Int8Levels): Promise<Float32Array[]> {
  const g = new GraphBuilder('int8-probe');
  const x = g.trainable('x', ['rows', WIDTH]);
  const weight = { shape: [WIDTH, WIDTH], data: new Float32Array(WIDTH * WIDTH).fill(1) };
  const arithmetic = { precision: 'int8', levels, exceptions: new Set<string>() } as const;
  const y = frozenLinear(g, x, { name: 'ones', weight }, {}, arithmetic);
  const [slope] = gradients(g, reduceSum(g, y, [0, 1]), [x]);
  const session = await Session.open(compileModel(g, { always: { y, ...(slope === undefined ? {} : { slope }) } }));
  try {
    const results: Float32Array[] = [];
    for (const rows of HEIGHTS) {
      const outputs = await session.run({ x: { shape: [rows, WIDTH], data: new Float32Array(rows * WIDTH).fill(1) } });
      for (const { data } of Object.values(outputs)) if (data instanceof Float32Array) results.push(data);
    }
    return results;
  } finally {
    await session.close();
  }
}
