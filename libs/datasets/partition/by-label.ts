import type { Example } from '../dataset.ts';

/** The examples of each label, in their order. */
export function byLabel(examples: readonly Example[], labels: number): Example[][] {
  const groups = Array.from({ length: labels }, (): Example[] => []);
  for (const example of examples) groups[example.label]?.push(example);
  return groups;
}
