import { describe, expect, it } from '@jest/globals';
import { drawBatch } from './draw-batch.ts';
import { evaluationBatches } from './evaluation-batches.ts';
import { padBatch } from './pad-batch.ts';
import { packExamples } from './tokenised-examples.ts';

const examples = packExamples(
  [
    [2, 7, 3],
    [2, 9, 8, 7, 3],
    [2, 3],
    [2, 5, 3],
  ],
  [1, 0, 2, 1],
);
const key = { seed: 7, client: 'client-0', round: 1, step: 0 };

describe('a training batch', () => {
  it('is the same for the same client, round and step, whatever was drawn before', () => {
    const first = drawBatch(key, 1000, 16);
    drawBatch({ ...key, client: 'client-1' }, 10, 4);
    expect(drawBatch(key, 1000, 16)).toEqual(first);
    expect(drawBatch({ ...key, step: 1 }, 1000, 16)).not.toEqual(first);
    expect(drawBatch({ ...key, round: 2 }, 1000, 16)).not.toEqual(first);
    expect(drawBatch({ ...key, client: 'client-1' }, 1000, 16)).not.toEqual(first);
  });

  it('holds different examples, all of them when there are few', () => {
    expect(new Set(drawBatch(key, 20, 16)).size).toBe(16);
    expect(drawBatch(key, 5, 16).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  });

  it('draws every example equally often', () => {
    const counts = new Array<number>(10).fill(0);
    for (let step = 0; step < 5000; step++) for (const at of drawBatch({ ...key, step }, 10, 4)) counts[at]! += 1;
    // 5000 draws with probability 0.4: a standard deviation of 35.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(4 * 35);
  });
});

it('pads to the longest example of the batch and no further', () => {
  const batch = padBatch(examples, [0, 3, 2], 0);
  expect([batch.rows, batch.columns]).toEqual([3, 3]);
  expect([...batch.ids].map(Number)).toEqual([2, 7, 3, 2, 5, 3, 2, 3, 0]);
  expect([...batch.mask].map(Number)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0]);
  expect([...batch.labels].map(Number)).toEqual([1, 1, 2]);
});

it('evaluates in order of length, ties in order of appearance', () => {
  expect(evaluationBatches(examples, 2)).toEqual([
    [2, 0],
    [3, 1],
  ]);
  expect(evaluationBatches(packExamples([], []), 2)).toEqual([]);
});

it('takes fewer examples at a time where they are long', () => {
  expect(evaluationBatches(examples, 64, 6)).toEqual([[2, 0], [3], [1]]);
  expect(evaluationBatches(examples, 64, 1)).toEqual([[2], [0], [3], [1]]);
});

it('refuses examples without tokens or without labels', () => {
  expect(() => packExamples([[1], []], [0, 1])).toThrow('Example 1 has no tokens');
  expect(() => packExamples([[1]], [0, 1])).toThrow('1 texts came with 2 labels');
});
