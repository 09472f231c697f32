import { findTensorProblem } from './check-tensors.ts';
import { ParametersError } from './parameters-error.ts';
import { elementCount, type NamedTensors, type TensorManifest } from './tensor.ts';

/**
 * Σ wᵢ·xᵢ / Σ wᵢ over sets of tensors, one at a time: accumulated in float64, rounded to float32 once, at the end.
 * The bits of the result depend on the order of addition, which is the caller's to fix.
 */
export class WeightedMean {
  readonly #manifest: TensorManifest;
  readonly #sums: ReadonlyMap<string, Float64Array>;
  #weight = 0;

  constructor(manifest: TensorManifest) {
    this.#manifest = manifest;
    this.#sums = new Map(manifest.map(({ name, shape }) => [name, new Float64Array(elementCount(shape))]));
  }

  /** The sum of the weights so far. */
  get weight(): number {
    return this.#weight;
  }

  /** Adds one set; throws, and stays as it was, unless names, shapes, numbers and a positive weight are in order. */
  add(tensors: NamedTensors, weight: number): void {
    if (!Number.isFinite(weight) || weight <= 0)
      throw new ParametersError('parameters.weight', `A weight is a positive number, not ${weight}.`);
    const problem = findTensorProblem(tensors, this.#manifest);
    if (problem !== undefined)
      throw new ParametersError(`parameters.tensor-${problem.kind}`, `Cannot average: ${problem.message}.`);
    for (const [name, sum] of this.#sums) accumulate(sum, tensors.get(name)?.data ?? new Float32Array(), weight);
    this.#weight += weight;
  }

  /** The mean of what was added; throws when nothing was. */
  result(): NamedTensors {
    if (this.#weight === 0) throw new ParametersError('parameters.empty-mean', 'The mean of nothing is not defined.');
    const means = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const { name, shape } of this.#manifest) {
      const sum = this.#sums.get(name) ?? new Float64Array();
      const data = new Float32Array(sum.length);
      for (let index = 0; index < sum.length; index++) data[index] = (sum[index] ?? 0) / this.#weight;
      means.set(name, { shape, data });
    }
    return means;
  }
}

function accumulate(sum: Float64Array, data: Float32Array, weight: number): void {
  for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] ?? 0) + weight * (data[index] ?? 0);
}
