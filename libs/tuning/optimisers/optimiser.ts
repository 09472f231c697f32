import type { NamedTensors, Tensor } from '#parameters';
import { TuningError } from '../tuning-error.ts';

/** What an optimiser remembers between steps: how many there were, and its running averages under names of their own. */
export interface OptimiserState {
  step: number;
  readonly averages: NamedTensors;
}

/**
 * A pair of functions without memory. `update` writes into `parameters` and `state`, so that a step allocates nothing;
 * the same inputs give the same bits: every element is computed in double precision and rounded to float32 once.
 */
export interface Optimiser {
  initial(parameters: NamedTensors): OptimiserState;
  update(gradients: NamedTensors, state: OptimiserState, parameters: NamedTensors, learningRate: number): void;
}

/** Zeros in the shapes of the parameters, each under `prefix` + its name. */
export function zerosLike(parameters: NamedTensors, prefix: string): [string, Tensor][] {
  return [...parameters].map(([name, { shape, data }]) => [
    prefix + name,
    { shape, data: new Float32Array(data.length) },
  ]);
}

/** The numbers of one tensor. Throws `tuning.tensor-missing`: gradients, averages and parameters must go by the same names. */
export function numbersOf(tensors: NamedTensors, name: string): Float32Array {
  const tensor = tensors.get(name);
  if (tensor === undefined)
    throw new TuningError('tuning.tensor-missing', `There is no tensor ${name} to update with.`);
  return tensor.data;
}
