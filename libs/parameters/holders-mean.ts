import {
  channelViews,
  keptManifest,
  runsOf,
  type ChannelFamily,
  type ChannelView,
  type KeptChannels,
} from './channels.ts';
import { findStructureProblem, findTensorProblem } from './check-tensors.ts';
import { ParametersError } from './parameters-error.ts';
import { elementCount, type NamedTensors, type Tensor, type TensorManifest } from './tensor.ts';

/**
 * The weighted mean of each channel over those who hold it: missing means no update, never zero. One set at a time,
 * accumulated in float64 and rounded to float32 once, as in WeightedMean; the order of addition is the caller's to fix.
 */
export class HoldersMean {
  readonly #manifest: TensorManifest;
  readonly #families: readonly ChannelFamily[];
  readonly #views: ReadonlyMap<string, ChannelView>;
  readonly #sums: ReadonlyMap<string, Float64Array>;
  /** The weight that each channel of a family has gathered. */
  readonly #weights: ReadonlyMap<string, Float64Array>;
  #weight = 0;

  constructor(manifest: TensorManifest, families: readonly ChannelFamily[]) {
    this.#manifest = manifest;
    this.#families = families;
    this.#views = channelViews(manifest, families);
    this.#sums = new Map(manifest.map(({ name, shape }) => [name, new Float64Array(elementCount(shape))]));
    this.#weights = new Map(families.map(({ name, channels }) => [name, new Float64Array(channels)]));
  }

  /** Adds the channels that one holder has, as `takeChannels` gives them; throws, and stays as it was, unless all is in order. */
  add(tensors: NamedTensors, kept: KeptChannels, weight: number): void {
    if (!Number.isFinite(weight) || weight <= 0)
      throw new ParametersError('parameters.weight', `A weight is a positive number, not ${weight}.`);
    const problem = findStructureProblem(tensors, keptManifest(this.#manifest, this.#families, kept));
    if (problem !== undefined)
      throw new ParametersError(`parameters.tensor-${problem.kind}`, `Cannot average: ${problem.message}.`);
    for (const [name, sum] of this.#sums) {
      const data = tensors.get(name)?.data ?? new Float32Array();
      const runs = runsOf(this.#views.get(name), kept);
      if (runs === undefined) accumulate(sum, 0, data, 0, sum.length, weight);
      else
        runs((whole, part, length) => {
          accumulate(sum, whole, data, part, length, weight);
        });
    }
    for (const [family, weights] of this.#weights) {
      const channels = kept.get(family) ?? weights.keys();
      for (const channel of channels) weights[channel] = (weights[channel] ?? 0) + weight;
    }
    this.#weight += weight;
  }

  /** The means, and `before` where nobody held a channel. Throws when nothing was added or a number is not finite. */
  result(before: NamedTensors): NamedTensors {
    if (this.#weight === 0) throw new ParametersError('parameters.empty-mean', 'The mean of nothing is not defined.');
    const means = new Map<string, Tensor>();
    for (const { name, shape } of this.#manifest) {
      const sum = this.#sums.get(name) ?? new Float64Array();
      const old = before.get(name)?.data ?? new Float32Array();
      means.set(name, { shape, data: this.#divided(this.#views.get(name), sum, old) });
    }
    const problem = findTensorProblem(means, this.#manifest);
    if (problem !== undefined)
      throw new ParametersError(`parameters.tensor-${problem.kind}`, `The mean cannot be used: ${problem.message}.`);
    return means;
  }

  #divided(view: ChannelView | undefined, sum: Float64Array, before: Float32Array): Float32Array {
    const weights = view && this.#weights.get(view.family.name);
    if (view === undefined || weights === undefined) return Float32Array.from(sum, (total) => total / this.#weight);
    const { inner } = view;
    const { channels } = view.family;
    return Float32Array.from(sum, (total, element) => {
      const weight = weights[Math.floor(element / inner) % channels] ?? 0;
      return weight === 0 ? (before[element] ?? NaN) : total / weight;
    });
  }
}

function accumulate(
  sum: Float64Array,
  at: number,
  data: Float32Array,
  from: number,
  length: number,
  weight: number,
): void {
  for (let i = 0; i < length; i++) sum[at + i] = (sum[at + i] ?? 0) + weight * (data[from + i] ?? 0);
}
