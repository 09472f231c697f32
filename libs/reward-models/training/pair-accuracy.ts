/** A proportion with its 95 % interval. */
export interface PairAccuracy {
  readonly accuracy: number;
  readonly interval: { readonly low: number; readonly high: number };
  readonly pairs: number;
  /** Groups of pairs that stand or fall together. */
  readonly prompts: number;
}

/** The 0.975 quantile of the standard normal. */
const Z = 1.959963984540054;

/**
 * The share of pairs whose chosen completion scores higher (a tie counts half), with a Wilson interval on the effective
 * number of pairs: pairs of one prompt are no independent trials, so their number is divided by the design effect, the
 * variance between prompts (Taylor-linearised ratio of totals) over that of as many independent pairs (Korn & Graubard 1998).
 */
export function pairAccuracy(differences: readonly number[], groups: readonly string[]): PairAccuracy {
  const pairs = differences.length;
  const totals = new Map<string, { right: number; pairs: number }>();
  let right = 0;
  differences.forEach((difference, i) => {
    const credit = difference > 0 ? 1 : difference === 0 ? 0.5 : 0;
    const total = totals.get(groups[i] ?? '') ?? { right: 0, pairs: 0 };
    total.right += credit;
    total.pairs += 1;
    totals.set(groups[i] ?? '', total);
    right += credit;
  });
  const accuracy = right / pairs;
  const prompts = totals.size;
  const independent = (accuracy * (1 - accuracy)) / pairs;
  let between = 0;
  for (const total of totals.values()) between += (total.right - accuracy * total.pairs) ** 2;
  const clustered = prompts < 2 || prompts === pairs ? independent : ((prompts / (prompts - 1)) * between) / pairs ** 2;
  // All right or all wrong shows no variance between prompts: then prompts are what was tried.
  const effective = independent === 0 ? prompts : pairs / Math.max(1, clustered / independent);
  return { accuracy, interval: wilson(accuracy, effective), pairs, prompts };
}

/** Wilson's score interval of a proportion seen in n trials (Wilson 1927). */
function wilson(proportion: number, n: number): { low: number; high: number } {
  const centre = (proportion + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z / (1 + Z ** 2 / n)) * Math.sqrt((proportion * (1 - proportion)) / n + Z ** 2 / (4 * n ** 2));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
