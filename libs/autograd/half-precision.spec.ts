import { describe, expect, it } from '@jest/globals';
import { compileModel } from './compile-model.ts';
import { GraphBuilder } from './graph-builder.ts';
import { add } from './operators/add.ts';
import { Session } from './session.ts';

/** x [n] plus frozen numbers that float16 holds to 3 digits: large enough to be stored so. */
function model(largest: number, halfPrecision: boolean) {
  const g = new GraphBuilder();
  const data = Float32Array.from({ length: 2048 }, (_, i) => (largest * (i + 1)) / 2048);
  const y = add(g, g.input('x', 'float32', [2048]), g.frozen('weight', { shape: [2048], data }));
  return { data, model: compileModel(g, { always: { y }, selfContained: true, halfPrecision }) };
}

describe('a model of its own with weights in half precision', () => {
  it('is half the size and computes in float32 what the rounded weights give', async () => {
    const { data, model: half } = model(3, true);
    expect(half.bytes.length).toBeLessThan(0.6 * model(3, false).model.bytes.length);
    const session = await Session.open(half);
    const { y } = await session.run({ x: { shape: [2048], data: new Float32Array(2048) } });
    await session.close();
    expect(y!.data as Float32Array).toBeAllClose(data, { relative: 2 ** -11, absolute: 0 });
    expect([...(y!.data as Float32Array)]).not.toEqual([...data]);
  });

  it('refuses what float16 cannot hold', () => {
    expect(() => model(1e5, true)).toThrow('weight has a number that float16 cannot hold');
  });
});
