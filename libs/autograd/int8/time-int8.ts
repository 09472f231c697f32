import { compileModel } from '../compile-model.ts';
import type { FrozenArithmetic, Int8Levels } from '../frozen-layer.ts';
import { frozenLinear } from '../frozen-linear.ts';
import { GraphBuilder } from '../graph-builder.ts';
import { Session } from '../session.ts';

/** How long a frozen layer takes forward. */
export interface LayerTimes {
  readonly fp32Ms: number;
  readonly int8Ms: number;
}

/** As many rows as a small batch has tokens. */
const ROWS = 128;
/** Odd, so that the median is one of them. */
const RUNS = 5;
/** Of a wider layer so much is timed: 12 MB of weights. */
const WIDEST = { in: 1024, out: 3072 };

/**
 * Times one layer of a base's own width in fp32 and in int8, in turn, so that what else the machine does touches both alike: the median of
 * a few runs each. It takes some 0.2 s on two cores for a layer of 768 by 3072.
 */
export async function timeInt8(
  layer: { readonly in: number; readonly out: number },
  { levels, threads, nowMs }: { readonly levels: Int8Levels; readonly threads: number; readonly nowMs: () => number },
): Promise<LayerTimes> {
  const [inner, out] = [Math.min(layer.in, WIDEST.in), Math.min(layer.out, WIDEST.out)];
  const weight = { shape: [inner, out], data: numbers(inner * out) };
  const x = { x: { shape: [ROWS, inner], data: numbers(ROWS * inner) } };
  const open = (arithmetic: FrozenArithmetic): Promise<Session> => {
    const g = new GraphBuilder('int8-time');
    const y = frozenLinear(g, g.input('x', 'float32', ['rows', inner]), { name: 'layer', weight }, {}, arithmetic);
    return Session.open(compileModel(g, { always: { y } }), { threads });
  };
  const sessions = [
    await open({ precision: 'fp32' }),
    await open({ precision: 'int8', levels, exceptions: new Set() }),
  ] as const;
  const timesMs: [number[], number[]] = [[], []];
  try {
    for (const session of sessions) await session.run(x);
    for (let run = 0; run < RUNS; run += 1)
      for (const [which, session] of sessions.entries()) {
        const startedMs = nowMs();
        await session.run(x);
        timesMs[which]?.push(nowMs() - startedMs);
      }
  } finally {
    for (const session of sessions) await session.close();
  }
  const [fp32Ms, int8Ms] = timesMs.map(median) as [number, number];
  return { fp32Ms, int8Ms };
}

/** Any numbers from -1 to 1: how long products take does not depend on which. */
function numbers(count: number): Float32Array {
  const data = new Float32Array(count);
  for (let i = 0; i < count; i += 1) data[i] = ((i * 7919) % 255) / 127 - 1;
  return data;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;
}
