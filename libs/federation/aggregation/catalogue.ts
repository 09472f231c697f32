import { FederationError } from '../federation-error.ts';
import type { AggregationRule } from './aggregation-rule.ts';
import { federatedAveraging } from './federated-averaging.ts';
import { none } from './none.ts';

export const aggregationRules: readonly AggregationRule[] = [federatedAveraging, none];

/** The rule of that name; throws `federation.rule-unknown`, naming those that exist. */
export function aggregationRuleNamed(name: string): AggregationRule {
  const rule = aggregationRules.find((candidate) => candidate.name === name);
  if (rule === undefined)
    throw new FederationError(
      'federation.rule-unknown',
      `There is no aggregation rule "${name}"; there is ${aggregationRules.map((known) => known.name).join(', ')}.`,
    );
  return rule;
}
