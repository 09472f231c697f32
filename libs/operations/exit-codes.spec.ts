import { describe, expect, it } from '@jest/globals';
import { exitCodeOf } from './exit-codes.ts';

describe('an exit code', () => {
  it.each([
    ['spec.invalid', 2],
    ['data.columns', 2],
    ['model.tensor-shape', 2],
    ['storage.experiment-unknown', 2],
    ['experiment.reward-retired', 2],
    ['experiment.failed', 1],
    ['storage.home-in-use', 3],
    ['storage.database-unreachable', 3],
    ['tuning.disk-full', 3],
    ['ENOSPC', 3],
    ['graph.weights-file', 3],
    ['graph.run', 1],
    ['tuning.failed', 1],
    ['trainer.global-invalid', 1],
    ['ERR_WORKER_OUT_OF_MEMORY', 1],
  ])('says of %s: %d', (code, exit) => {
    expect(exitCodeOf(Object.assign(new Error('x'), { code }))).toBe(exit);
  });

  it('says of what nobody foresaw that the run failed', () => {
    expect(exitCodeOf(new TypeError('x'))).toBe(1);
  });
});
