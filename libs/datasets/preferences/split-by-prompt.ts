import { hashFraction } from '../hash-fraction.ts';
import type { PreferenceRow } from './preference-pair.ts';

/**
 * Holds out about `fraction` of the groups, those with the smallest hashes: no seed, so the split never changes, whatever the
 * order of the rows, and the pairs of one prompt stay together. At least one group stays on each side where there are two.
 */
export function splitByPrompt(
  rows: readonly PreferenceRow[],
  fraction: number,
): { readonly train: readonly PreferenceRow[]; readonly heldOut: readonly PreferenceRow[] } {
  const groups = [...new Set(rows.map(({ group }) => group))]
    .map((group) => ({ group, hash: hashFraction('held-out prompt', group) }))
    .sort((left, right) => left.hash - right.hash);
  const count = Math.min(Math.max(1, Math.round(fraction * groups.length)), groups.length - 1);
  const held = new Set(groups.slice(0, count).map(({ group }) => group));
  return { train: rows.filter(({ group }) => !held.has(group)), heldOut: rows.filter(({ group }) => held.has(group)) };
}

/** The `limit` rows with the smallest hashes, in their own order. */
export function limited(rows: readonly PreferenceRow[], limit = Infinity): readonly PreferenceRow[] {
  if (rows.length <= limit) return rows;
  const hashed = rows.map((row, at) => ({
    at,
    hash: hashFraction('limit', `${row.prompt}\0${row.chosen}\0${row.rejected}`),
  }));
  const kept = hashed.sort((left, right) => left.hash - right.hash || left.at - right.at).slice(0, limit);
  return kept.sort((left, right) => left.at - right.at).flatMap(({ at }) => rows[at] ?? []);
}
