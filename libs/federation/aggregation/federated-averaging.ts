import { HoldersMean, WeightedMean, type TensorManifest } from '#parameters';
import type { Aggregation, AggregationRule, SparseGlobal } from './aggregation-rule.ts';

/**
 * The mean of those that arrived, weighted by their training examples (McMahan et al., arXiv 1602.05629). Where channels
 * may be left out, each is averaged over those who sent it, and one that nobody sent stays as it was.
 */
export const federatedAveraging: AggregationRule = {
  name: 'federated-averaging',
  begin: (manifest, sparse) => (sparse === undefined ? averagingAll(manifest) : averagingHolders(manifest, sparse)),
};

function averagingAll(manifest: TensorManifest): Aggregation {
  const mean = new WeightedMean(manifest);
  return {
    add({ tensors, examples }) {
      mean.add(tensors, examples);
    },
    result: () => mean.result(),
  };
}

function averagingHolders(manifest: TensorManifest, { families, before }: SparseGlobal): Aggregation {
  const mean = new HoldersMean(manifest, families);
  return {
    add({ tensors, examples, kept = new Map() }) {
      mean.add(tensors, kept, examples);
    },
    result: () => mean.result(before),
  };
}
