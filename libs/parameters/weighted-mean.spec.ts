import { describe, expect, it } from '@jest/globals';
import { checkTensors, findTensorProblem } from './check-tensors.ts';
import { digestOfTensors } from './digest.ts';
import { manifestBytes, manifestOf, parameterCount, selectTensors, type NamedTensors } from './tensor.ts';
import { WeightedMean } from './weighted-mean.ts';

function one(...data: number[]): NamedTensors {
  return new Map([['x', { shape: [data.length], data: new Float32Array(data) }]]);
}

const manifest = manifestOf(one(0, 0));

describe('the weighted mean', () => {
  it('weighs by examples', () => {
    const mean = new WeightedMean(manifest);
    mean.add(one(1, 10), 3);
    mean.add(one(5, 20), 1);
    expect([...mean.result().get('x')!.data]).toEqual([2, 12.5]);
  });

  it('ends with its result', () => {
    const mean = new WeightedMean(manifest);
    mean.add(one(1, 10), 3);
    expect(mean.weight).toBe(3);
    mean.result();
    expect(() => {
      mean.add(one(1, 10), 3);
    }).toThrow('whose result was taken');
    expect(() => mean.result()).toThrow('The mean of nothing');
  });

  it('accumulates in float64 and rounds once: float32 sums would lose the small addend', () => {
    const mean = new WeightedMean(manifest);
    mean.add(one(2 ** 24, 1), 1);
    mean.add(one(1, 1), 1);
    mean.add(one(1, 1), 1);
    expect(mean.result().get('x')!.data[0]).toBe(Math.fround((2 ** 24 + 2) / 3));
  });

  it('of equal sets is that set, bit for bit, whatever the weights', () => {
    const mean = new WeightedMean(manifest);
    const same = one(0.1, -1e-30);
    for (const weight of [7, 11, 13]) mean.add(same, weight);
    expect(digestOfTensors(mean.result())).toBe(digestOfTensors(same));
  });

  it('stays as it was when a set is refused', () => {
    const mean = new WeightedMean(manifest);
    mean.add(one(1, 2), 1);
    expect(() => {
      mean.add(one(3), 1);
    }).toThrow('has shape [1], expected [2]');
    expect(() => {
      mean.add(one(3, 4), 0);
    }).toThrow('positive');
    expect([...mean.result().get('x')!.data]).toEqual([1, 2]);
  });

  it('never gives out a number that is not finite', () => {
    for (const poison of [NaN, Infinity, -Infinity]) {
      const mean = new WeightedMean(manifest);
      for (const value of [1, poison, 2]) mean.add(one(value, 0), 1);
      expect(() => mean.result()).toThrow('The mean cannot be used: tensor x holds');
    }
  });

  it('of nothing is an error', () => {
    expect(() => new WeightedMean(manifest).result()).toThrow('The mean of nothing');
  });
});

describe('checking tensors against a manifest', () => {
  it.each([
    ['foreign', new Map([...one(1, 2), ['lora.0.query.a', { shape: [1], data: new Float32Array(1) }]])],
    ['missing', new Map()],
    ['misshapen', one(1, 2, 3)],
    ['misshapen', new Map([['x', { shape: [2, 1], data: new Float32Array(2) }]])],
    ['non-finite', one(1, Infinity)],
    ['non-finite', one(NaN, 1)],
  ] as [string, NamedTensors][])('finds what is %s', (kind, tensors) => {
    expect(findTensorProblem(tensors, manifest)?.kind).toBe(kind);
  });

  it('says nothing about what is in order, and names what is not', () => {
    expect(checkTensors(one(1, 2), manifest)).toBeUndefined();
    expect(checkTensors(one(1, 2, 3), manifest)).toBe('tensor x has shape [3], expected [2]');
  });
});

it('counts parameters and bytes of tensors and of manifests', () => {
  const tensors: NamedTensors = new Map([
    ['b', { shape: [2, 3], data: new Float32Array(6) }],
    ['a', { shape: [], data: new Float32Array(1) }],
  ]);
  expect(parameterCount(tensors)).toBe(7);
  expect(parameterCount(manifestOf(tensors))).toBe(7);
  expect(manifestBytes(manifestOf(tensors))).toBe(28);
  expect(manifestOf(tensors).map(({ name }) => name)).toEqual(['a', 'b']);
  expect([...selectTensors(tensors, (name) => name === 'b').keys()]).toEqual(['b']);
});
