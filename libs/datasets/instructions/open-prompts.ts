import type { DataSpec } from '../data-spec.ts';
import type { Dataset, Example } from '../dataset.ts';
import type { Instruction } from './instruction.ts';
import { openInstructions } from './open-instructions.ts';
import { formatPrompt } from './prompt-template.ts';

const UNSORTED = 'instruction';

/**
 * Instructions to be answered rather than learned by heart: each is an example whose text is the prompt and whose label is its
 * sort (Dolly's category; `define`, `sentence` or `kind`), so that they are dealt among clients like any labelled text.
 */
export async function openPrompts(spec: DataSpec): Promise<Dataset> {
  const { train, test, testFraction, limit } = spec;
  const source = train === undefined ? 'instructions' : (spec.format ?? 'alpaca');
  const given = train === undefined ? {} : { train, test, testFraction };
  const instructions = await openInstructions({ source, ...given, limit });
  const sortOf = ({ category }: Instruction): string => category ?? UNSORTED;
  const labels = [...new Set([...instructions.train, ...instructions.test].map(sortOf))].sort();
  const examples = (rows: readonly Instruction[]): Example[] =>
    rows.map((row) => ({ text: formatPrompt(row), label: labels.indexOf(sortOf(row)) }));
  return {
    labels,
    train: examples(instructions.train),
    test: examples(instructions.test),
    digest: instructions.digest,
    notes: instructions.notes,
  };
}
