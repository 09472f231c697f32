import type { NamedTensors } from '#parameters';
import { describe, expect, it } from '@jest/globals';
import { resizeLora } from './resize-lora.ts';

const INPUTS = 3;
const OUTPUTS = 2;

/** Of rank r: a is [r, 3], b is [2, r]. */
function lora(block: number, a: readonly number[][], b: readonly number[][]): NamedTensors {
  const tensor = (rows: readonly number[][], width: number) => ({
    shape: [rows.length, width],
    data: Float32Array.from(rows.flat()),
  });
  return new Map([
    [`lora.${block}.query.a`, tensor(a, INPUTS)],
    [`lora.${block}.query.b`, tensor(b, a.length)],
  ]);
}

/** alpha/rank · b·a, as one [2, 3] matrix. */
function added(tensors: NamedTensors, block: number, { rank, alpha }: { rank: number; alpha: number }): number[] {
  const a = tensors.get(`lora.${block}.query.a`)!.data;
  const b = tensors.get(`lora.${block}.query.b`)!.data;
  return Array.from({ length: OUTPUTS * INPUTS }, (_, at) => {
    const [row, column] = [Math.floor(at / INPUTS), at % INPUTS];
    let sum = 0;
    for (let i = 0; i < rank; i += 1) sum += b[row * rank + i]! * a[i * INPUTS + column]!;
    return (alpha / rank) * sum;
  });
}

const initial = (block: number, rank: number): NamedTensors =>
  lora(
    block,
    Array.from({ length: rank }, (_, i) => [i + 0.25, i + 0.5, i + 0.75]),
    Array.from({ length: OUTPUTS }, () => Array<number>(rank).fill(0)),
  );

describe('resizing a LoRA', () => {
  const two = lora(
    1,
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [
      [0.5, 1],
      [-1, 2],
    ],
  );

  it('adds the same with more components, which have still to learn', () => {
    const more = resizeLora(two, { rank: 2, alpha: 4 }, { rank: 4, alpha: 4 }, initial(1, 4));
    expect(added(more, 1, { rank: 4, alpha: 4 })).toEqual(added(two, 1, { rank: 2, alpha: 4 }));
    expect([...more.get('lora.1.query.a')!.data.subarray(9)]).toEqual([3.25, 3.5, 3.75]);
    expect(more.get('lora.1.query.b')!.shape).toEqual([2, 4]);
  });

  it('keeps the strongest components, in their order', () => {
    const three = lora(
      1,
      [
        [1, 0, 0],
        [0, 0.1, 0],
        [0, 0, 2],
      ],
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
    );
    const fewer = resizeLora(three, { rank: 3, alpha: 3 }, { rank: 2, alpha: 2 }, initial(1, 2));
    expect([...fewer.get('lora.1.query.a')!.data]).toEqual([1, 0, 0, 0, 0, 2]);
    expect(added(fewer, 1, { rank: 2, alpha: 2 })).toEqual([1, 0, 2, 1, 0, 2]);
  });

  it('adds the same under another alpha, and is untouched where nothing changes', () => {
    const scaled = resizeLora(two, { rank: 2, alpha: 4 }, { rank: 2, alpha: 8 }, initial(1, 2));
    expect(added(scaled, 1, { rank: 2, alpha: 8 })).toEqual(added(two, 1, { rank: 2, alpha: 4 }));
    expect(resizeLora(two, { rank: 2, alpha: 4 }, { rank: 2, alpha: 4 }, initial(1, 2))).toEqual(two);
  });

  it('begins in new blocks as everybody does, forgets dropped ones, and leaves the head alone', () => {
    const head = { shape: [1], data: Float32Array.of(7) };
    const before = new Map([...two, ['head.bias', head]]);
    const wanted = new Map([...initial(0, 2), ['head.bias', { shape: [1], data: Float32Array.of(0) }]]);
    const moved = resizeLora(before, { rank: 2, alpha: 4 }, { rank: 2, alpha: 4 }, wanted);
    expect([...moved.keys()]).toEqual(['lora.0.query.a', 'lora.0.query.b', 'head.bias']);
    expect(moved.get('head.bias')).toBe(head);
    expect(added(moved, 0, { rank: 2, alpha: 4 })).toEqual(Array(6).fill(0));
  });
});
