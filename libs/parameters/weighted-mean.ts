import { findStructureProblem, findTensorProblem } from './check-tensors.ts';
import { ParametersError } from './parameters-error.ts';
import { elementCount, type NamedTensors, type Tensor, type TensorManifest } from './tensor.ts';

/**
 * Σ wᵢ·xᵢ / Σ wᵢ over sets of tensors, one at a time: accumulated in float64, rounded to float32 once, at the end.
 * The bits of the result depend on the order of addition, which is the caller's to fix.
 */
export class WeightedMean {
  readonly #manifest: TensorManifest;
  readonly #sums: Map<string, Float64Array>;
  #weight = 0;

  constructor(manifest: TensorManifest) {
    this.#manifest = manifest;
    this.#sums = new Map(manifest.map(({ name, shape }) => [name, new Float64Array(elementCount(shape))]));
  }

  /** The sum of the weights so far. */
  get weight(): number {
    return this.#weight;
  }

  /**
   * Adds one set; throws, and stays as it was, unless names, shapes and a positive weight are in order. Numbers are not
   * looked at here, a third of the time that adding takes: one that is not finite comes out in the result.
   */
  add(tensors: NamedTensors, weight: number): void {
    if (!Number.isFinite(weight) || weight <= 0)
      throw new ParametersError('parameters.weight', `A weight is a positive number, not ${weight}.`);
    if (this.#sums.size !== this.#manifest.length)
      throw new ParametersError('parameters.mean-taken', 'Nothing is added to a mean whose result was taken.');
    const problem = findStructureProblem(tensors, this.#manifest);
    if (problem !== undefined)
      throw new ParametersError(`parameters.tensor-${problem.kind}`, `Cannot average: ${problem.message}.`);
    for (const [name, sum] of this.#sums) accumulate(sum, tensors.get(name)?.data ?? new Float32Array(), weight);
    this.#weight += weight;
  }

  /**
   * The mean of what was added, in the memory of the sums: this ends it. Throws when nothing was added, when it
   * was taken before, and when a number that went in was not finite. */
  result(): NamedTensors {
    if (this.#weight === 0) throw new ParametersError('parameters.empty-mean', 'The mean of nothing is not defined.');
    const means = new Map<string, Tensor>();
    for (const { name, shape } of this.#manifest)
      means.set(name, { shape, data: divided(this.#sums.get(name) ?? new Float64Array(), this.#weight) });
    this.#weight = 0;
    this.#sums.clear();
    const problem = findTensorProblem(means, this.#manifest);
    if (problem !== undefined)
      throw new ParametersError(`parameters.tensor-${problem.kind}`, `The mean cannot be used: ${problem.message}.`);
    return means;
  }
}

function accumulate(sum: Float64Array, data: Float32Array, weight: number): void {
  for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] ?? 0) + weight * (data[index] ?? 0);
}

/** The quotients in the front half of the dividends' own memory: element i is written at 4i, after 8i was read. */
function divided(sum: Float64Array, divisor: number): Float32Array {
  const quotients = new Float32Array(sum.buffer, sum.byteOffset, sum.length);
  for (let index = 0; index < sum.length; index++) quotients[index] = (sum[index] ?? 0) / divisor;
  return quotients;
}
