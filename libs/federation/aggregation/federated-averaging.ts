import { WeightedMean } from '#parameters';
import type { AggregationRule } from './aggregation-rule.ts';

/** The mean of those that arrived, weighted by their training examples (McMahan et al., arXiv 1602.05629). */
export const federatedAveraging: AggregationRule = {
  name: 'federated-averaging',
  begin(manifest) {
    const mean = new WeightedMean(manifest);
    return {
      add({ tensors, examples }) {
        mean.add(tensors, examples);
      },
      result: () => mean.result(),
    };
  },
};
