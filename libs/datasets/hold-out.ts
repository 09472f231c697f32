import { hashFraction } from './hash-fraction.ts';
import type { LabelledRow } from './labelled-row.ts';

/**
 * Splits rows that came without a test file. Every label gives about `fraction` of its distinct texts, those with the
 * smallest hashes: no seed, so the split never changes, whatever the order of the rows, and rows with the same text stay
 * together. A label keeps at least one text on the training side.
 */
export function holdOut(
  rows: readonly LabelledRow[],
  fraction: number,
): { readonly train: readonly LabelledRow[]; readonly test: readonly LabelledRow[] } {
  const textsByLabel = new Map<string, string[]>();
  for (const [text, label] of labelOfText(rows)) {
    const texts = textsByLabel.get(label);
    if (texts === undefined) textsByLabel.set(label, [text]);
    else texts.push(text);
  }
  const held = new Set<string>();
  for (const texts of textsByLabel.values()) {
    const count = Math.min(Math.max(1, Math.round(fraction * texts.length)), texts.length - 1);
    for (const text of smallestHashes(texts, count)) held.add(text);
  }
  return { train: rows.filter((row) => !held.has(row.text)), test: rows.filter((row) => held.has(row.text)) };
}

/** A text that occurs with several labels counts for the first of them in the alphabet. */
function labelOfText(rows: readonly LabelledRow[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const { text, label } of rows) {
    const known = labels.get(text);
    if (known === undefined || label < known) labels.set(text, label);
  }
  return labels;
}

function smallestHashes(texts: readonly string[], count: number): string[] {
  return texts
    .map((text) => ({ text, hash: hashFraction('held-out test', text) }))
    .sort((a, b) => a.hash - b.hash)
    .slice(0, count)
    .map(({ text }) => text);
}
