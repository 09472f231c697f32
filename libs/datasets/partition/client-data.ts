import type { Example } from '../dataset.ts';
import { majorityLabel } from '../label-histogram.ts';

/** What one simulated client holds. No text of a test set is in any client's training set. */
export interface ClientData {
  readonly train: readonly Example[];
  /** Test examples in the client's own label mix. */
  readonly personalTest: readonly Example[];
}

/**
 * The accuracy, as a fraction of 1, of a client that answers the commonest label of its training set to everything in its
 * personal test set: what a learnt bias alone reaches. (Because the mixes agree, nearly that label's share.)
 */
export function majorityClassAccuracy({ train, personalTest }: ClientData): number {
  if (personalTest.length === 0) return NaN;
  const majority = majorityLabel(train);
  return personalTest.filter((example) => example.label === majority).length / personalTest.length;
}
