import { expect, it } from '@jest/globals';
import { learningRateSchedule } from './learning-rate-schedule.ts';

const overTen = (name: 'constant' | 'linear' | 'cosine') =>
  Array.from({ length: 11 }, (_, step) => learningRateSchedule(name, 10, 2)(step));

it('warms up and decays as transformers does', () => {
  expect(overTen('linear')).toBeAllClose([0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]);
  expect(overTen('cosine')).toBeAllClose(
    [0, 0.5, 1, 0.96193977, 0.85355339, 0.69134172, 0.5, 0.30865828, 0.14644661, 0.03806023, 0],
    { absolute: 1e-8 },
  );
  expect(overTen('constant')).toEqual([0, 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
});

it('stays at the end once it is over, and needs no warm-up', () => {
  expect(learningRateSchedule('linear', 10, 2)(12)).toBe(0);
  expect(learningRateSchedule('linear', 4)(0)).toBe(1);
  expect(learningRateSchedule('cosine', 1, 1)(1)).toBe(1);
});
