import type { NamedTensors, TensorManifest } from '#parameters';

/** One client's accepted upload. */
export interface Contribution {
  readonly client: string;
  /** Training examples. */
  readonly examples: number;
  readonly tensors: NamedTensors;
}

/** How many sets of shared tensors become one; contributions are seen one at a time and not kept. */
export interface AggregationRule {
  readonly name: string;
  begin(manifest: TensorManifest): Aggregation;
}

export interface Aggregation {
  /** Called in ascending order of client names. */
  add(contribution: Contribution): void;
  /** The new global tensors, or undefined when the global model stays as it is. */
  result(): NamedTensors | undefined;
}
