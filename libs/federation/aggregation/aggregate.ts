import type { NamedTensors, TensorManifest } from '#parameters';
import { FederationError } from '../federation-error.ts';
import type { AggregationRule, Contribution, SparseGlobal } from './aggregation-rule.ts';

/**
 * The new global tensors from contributions that arrive one at a time, each of which may reuse the memory of the last;
 * undefined when the global model stays. They must come in ascending order of client names: the result's bits depend on it.
 */
export async function aggregate(
  rule: AggregationRule,
  manifest: TensorManifest,
  contributions: AsyncIterable<Contribution>,
  sparse?: SparseGlobal,
): Promise<NamedTensors | undefined> {
  const aggregation = rule.begin(manifest, sparse);
  let previous = '';
  for await (const contribution of contributions) {
    if (contribution.client <= previous)
      throw new FederationError(
        'federation.order',
        `${contribution.client} came after ${previous}; contributions are added in ascending order of names, once each.`,
      );
    previous = contribution.client;
    aggregation.add(contribution);
  }
  return aggregation.result();
}

/** Each contribution's part of the whole, from its examples; the parts add up to 1. */
export function shares(contributions: readonly { readonly client: string; readonly examples: number }[]): number[] {
  const total = contributions.reduce((sum, { examples }) => sum + examples, 0);
  return contributions.map(({ examples }) => examples / total);
}
