import type { ChannelFamily, KeptChannels, NamedTensors, TensorManifest } from '#parameters';

/** One client's accepted upload. */
export interface Contribution {
  readonly client: string;
  /** Training examples. */
  readonly examples: number;
  readonly tensors: NamedTensors;
  /** The channels that `tensors` hold, when a part of them was not to be sent; without it they hold all. */
  readonly kept?: KeptChannels;
}

/** What a rule must know when contributions may lack channels: missing means no update, so what was before stays. */
export interface SparseGlobal {
  readonly families: readonly ChannelFamily[];
  readonly before: NamedTensors;
}

/** How many sets of shared tensors become one; contributions are seen one at a time and not kept. */
export interface AggregationRule {
  readonly name: string;
  begin(manifest: TensorManifest, sparse?: SparseGlobal): Aggregation;
}

export interface Aggregation {
  /** Called in ascending order of client names. */
  add(contribution: Contribution): void;
  /** The new global tensors, or undefined when the global model stays as it is. */
  result(): NamedTensors | undefined;
}
