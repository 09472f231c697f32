import { createHash } from 'node:crypto';
import type { Digest } from '#parameters';
import { DatasetsError } from '../datasets-error.ts';
import { hashFraction } from '../hash-fraction.ts';
import { checkInstructionSpec, type InstructionSpec } from './instruction-spec.ts';
import type { Instruction, InstructionSet } from './instruction.ts';
import { formatPrompt } from './prompt-template.ts';
import { readInstructionFile } from './read-instruction-file.ts';
import { readWordnetInstructions } from './wordnet-instructions.ts';

const DEFAULT_TEST_FRACTION = 0.1;

interface Split {
  readonly train: readonly Instruction[];
  readonly test: readonly Instruction[];
}

/** Reads, checks and splits the instructions that a spec names. Throws a DatasetsError that names file, row and cure. */
export async function openInstructions(spec: InstructionSpec): Promise<InstructionSet> {
  checkInstructionSpec(spec);
  return seal(await readSplit(spec), spec.limit);
}

async function readSplit({ source, train = '', test, testFraction }: InstructionSpec): Promise<Split> {
  if (source === 'instructions') return readShipped();
  const rows = await readInstructionFile(train, source);
  if (test !== undefined) return { train: rows, test: await readInstructionFile(test, source) };
  // By prompt, so that answers to the same instruction fall on the same side.
  const held = new Set(
    smallestHashes(
      rows,
      'held-out instruction',
      Math.max(1, Math.round((testFraction ?? DEFAULT_TEST_FRACTION) * rows.length)),
    ).map(formatPrompt),
  );
  return {
    train: rows.filter((row) => !held.has(formatPrompt(row))),
    test: rows.filter((row) => held.has(formatPrompt(row))),
  };
}

async function readShipped(): Promise<Split> {
  const split = { train: [] as Instruction[], test: [] as Instruction[] };
  for await (const { split: side, ...instruction } of readWordnetInstructions()) split[side].push(instruction);
  return split;
}

function seal({ train: trainRows, test: testRows }: Split, limit = Infinity): InstructionSet {
  const all = firstOfEach(trainRows);
  const trained = new Set(all.map(formatPrompt));
  const test = firstOfEach(testRows.filter((row) => !trained.has(formatPrompt(row))));
  if (all.length === 0 || test.length === 0)
    throw new DatasetsError(
      'data.no-rows',
      'There must be at least one instruction to train on and another one to test with. Give more rows, or a test file.',
    );
  const train = firstOfEach(smallestHashes(all, 'limit', limit));
  const doubled = trainRows.length + testRows.length - all.length - test.length;
  const notes =
    doubled === 0
      ? []
      : [`${doubled} ${doubled === 1 ? 'row was' : 'rows were'} left out: the same prompt stands before.`];
  return { train, test, digest: digestOf(train, test), notes };
}

/** One answer a prompt, the first in the alphabet, in the order of prompts. */
function firstOfEach(rows: readonly Instruction[]): Instruction[] {
  const chosen = new Map<string, Instruction>();
  for (const row of rows) {
    const prompt = formatPrompt(row);
    const known = chosen.get(prompt);
    if (known === undefined || row.output < known.output) chosen.set(prompt, row);
  }
  return [...chosen].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row);
}

function smallestHashes(rows: readonly Instruction[], purpose: string, count: number): readonly Instruction[] {
  if (rows.length <= count) return rows;
  return rows
    .map((row) => ({ row, hash: hashFraction(purpose, formatPrompt(row)) }))
    .sort((a, b) => a.hash - b.hash)
    .slice(0, count)
    .map(({ row }) => row);
}

function digestOf(...parts: (readonly Instruction[])[]): Digest {
  const hash = createHash('sha256');
  for (const rows of parts) {
    hash.update('\n\n');
    for (const { instruction, input, output } of rows)
      hash.update(`${JSON.stringify([instruction, input ?? '', output])}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}
