import type { Example } from './dataset.ts';

/** How many examples each of `labels` labels has. */
export function labelHistogram(examples: readonly Example[], labels: number): number[] {
  const counts = new Array<number>(labels).fill(0);
  for (const { label } of examples) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** The label with the most examples, the lower one of a tie; -1 of none. */
export function majorityLabel(examples: readonly Example[]): number {
  const counts = labelHistogram(examples, 0);
  let majority = -1;
  for (const [label, count = 0] of counts.entries()) if (count > (counts[majority] ?? 0)) majority = label;
  return majority;
}
