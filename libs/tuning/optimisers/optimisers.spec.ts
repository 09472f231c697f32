import { describe, expect, it } from '@jest/globals';
import type { NamedTensors } from '#parameters';
import { adamW } from './adamw.ts';
import { clipGradients } from './clip-gradients.ts';
import type { Optimiser } from './optimiser.ts';
import { sgd } from './sgd.ts';

const vector = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
const numbers = (tensors: NamedTensors, name = 'p') => tensors.get(name)!.data;

/** Parameters after each of three steps on gradients [.1, -.2]·t from [1, -2], as reference/numerics B5 has them. */
function threeSteps(optimiser: Optimiser, learningRate: number): number[][] {
  const parameters = new Map([['p', vector(1, -2)]]);
  const state = optimiser.initial(parameters);
  return [1, 2, 3].map((t) => {
    optimiser.update(new Map([['p', vector(0.1 * t, -0.2 * t)]]), state, parameters, learningRate);
    return [...numbers(parameters)];
  });
}

describe('AdamW', () => {
  it('follows PyTorch for three steps', () => {
    const steps = threeSteps(adamW(), 1e-3);
    expect(steps[0]!).toBeAllClose([0.9989900001, -1.99898000005]);
    expect(steps[1]!).toBeAllClose([0.9980148282, -1.9979948283]);
    expect(steps[2]!).toBeAllClose([0.9970468469, -1.9970168471]);
  });

  it('decays weights as PyTorch does, and only those it is told to', () => {
    expect(threeSteps(adamW({ weightDecay: 0.1 }), 1e-3)[2]!).toBeAllClose([0.9967771435, -1.9964771734]);
    const none = threeSteps(adamW({ weightDecay: 0 }), 1e-3);
    expect(threeSteps(adamW({ decays: () => false }), 1e-3)).toEqual(none);
  });

  it('goes on from its state as if it had never stopped', () => {
    const optimiser = adamW();
    const parameters = new Map([['p', vector(1, -2)]]);
    let state = optimiser.initial(parameters);
    for (const t of [1, 2, 3]) {
      optimiser.update(new Map([['p', vector(0.1 * t, -0.2 * t)]]), state, parameters, 1e-3);
      state = structuredClone(state);
    }
    expect([...numbers(parameters)]).toEqual(threeSteps(adamW(), 1e-3)[2]);
  });

  it('names a gradient that is missing', () => {
    const parameters = new Map([['p', vector(1)]]);
    const optimiser = adamW();
    const state = optimiser.initial(parameters);
    expect(() => {
      optimiser.update(new Map(), state, parameters, 1);
    }).toThrow('There is no tensor p');
  });
});

describe('SGD', () => {
  it('with momentum follows PyTorch for three steps', () => {
    const steps = threeSteps(sgd({ momentum: 0.9 }), 0.1);
    expect(steps[0]!).toBeAllClose([0.99, -1.98]);
    expect(steps[1]!).toBeAllClose([0.961, -1.922]);
    expect(steps[2]!).toBeAllClose([0.9049, -1.8098]);
  });

  it('without momentum keeps no state and adds L2 decay to the gradient', () => {
    expect(sgd().initial(new Map([['p', vector(1)]])).averages.size).toBe(0);
    expect(threeSteps(sgd({ weightDecay: 0.5 }), 0.1)[0]!).toBeAllClose([1 - 0.1 * 0.6, -2 + 0.1 * 1.2]);
  });
});

describe('clipping', () => {
  it('scales all gradients by one factor when their common norm is above the limit', () => {
    const gradients = new Map([
      ['a', vector(3, 4)],
      ['b', vector(12)],
    ]);
    expect(clipGradients(gradients, 1)).toBe(13);
    expect(numbers(gradients, 'a')).toBeAllClose([0.230769213, 0.307692284]);
    expect(numbers(gradients, 'b')).toBeAllClose([0.9230768521]);
  });

  it('leaves small and non-finite gradients alone', () => {
    const small = new Map([['a', vector(0.3, 0.4)]]);
    expect(clipGradients(small, 1)).toBeCloseTo(0.5, 6);
    expect(numbers(small, 'a')).toBeAllClose([0.3, 0.4]);
    const broken = new Map([['a', vector(NaN, 4)]]);
    expect(clipGradients(broken, 1)).toBeNaN();
    expect(numbers(broken, 'a')[1]).toBe(4);
  });
});
