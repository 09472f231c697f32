import type { AggregationRule } from './aggregation-rule.ts';

/** Aggregation switched off: uploads are checked and recorded, the global model stays. Shows what averaging brings. */
export const none: AggregationRule = {
  name: 'none',
  begin: () => ({ add: () => undefined, result: () => undefined }),
};
