import { createHash } from 'node:crypto';
import type { Digest } from '#parameters';
import type { Dataset, Example } from './dataset.ts';
import { DatasetsError } from './datasets-error.ts';
import { hashFraction } from './hash-fraction.ts';
import type { LabelledRow } from './labelled-row.ts';

export interface SplitRows {
  readonly train: readonly LabelledRow[];
  readonly test: readonly LabelledRow[];
  readonly trainFile: string;
  readonly testFile: string;
  /** The source's own labels; where absent, those that occur in `train`, sorted. */
  readonly labels?: readonly string[] | undefined;
  /** Labels that were fixed elsewhere: rows may have no others, and one alone is enough. */
  readonly agreed?: readonly string[] | undefined;
  readonly limit?: number | undefined;
}

/** Turns rows into a data set: checks both splits, numbers the labels, keeps train texts out of test, orders and digests. */
export function sealDataset(split: SplitRows): Dataset {
  const { trainFile, testFile, agreed } = split;
  const present = new Set(split.train.map((row) => row.label));
  if (agreed !== undefined) {
    checkAgreed(split.train, trainFile, agreed);
    checkAgreed(split.test, testFile, agreed);
  }
  checkEnough(split, present);
  const labels = agreed ?? split.labels ?? sortedLabels(present);
  const trainTexts = new Set(split.train.map((row) => row.text));
  const testRows = split.test.filter((row) => !trainTexts.has(row.text));
  const repeated = split.test.length - testRows.length;
  if (testRows.length === 0) {
    throw new DatasetsError(
      'data.no-rows',
      `${testFile}: every test row stands in ${trainFile} too. Give other test rows.`,
    );
  }
  const unseen = testRows.find((row) => !present.has(row.label));
  if (unseen !== undefined && agreed === undefined) throw labelUnseen(testFile, trainFile, unseen, present);
  const train = canonical(limited(split.train, present.size, split.limit), labels);
  const test = canonical(testRows, labels);
  const notes =
    repeated === 0
      ? []
      : [`${repeated} test ${repeated === 1 ? 'row was' : 'rows were'} left out: the same text is trained on.`];
  return { labels, train, test, digest: digestRows(labels, train, test), notes };
}

/** Throws `data.label-not-agreed`, naming file and line, at the first row with a label that is not among the agreed ones. */
export function checkAgreed(rows: readonly LabelledRow[], file: string, agreed: readonly string[]): void {
  const known = new Set(agreed);
  const strange = rows.find(({ label }) => !known.has(label));
  if (strange === undefined) return;
  throw new DatasetsError(
    'data.label-not-agreed',
    `${file}, line ${strange.line}: label "${strange.label}" is not one of the experiment's, which are ${agreed.slice(0, 20).join(', ')}.`,
  );
}

function checkEnough({ train, test, trainFile, testFile, agreed }: SplitRows, present: ReadonlySet<string>): void {
  if (train.length === 0) throw new DatasetsError('data.no-rows', `${trainFile} has no rows.`);
  if (present.size < 2 && agreed === undefined) {
    throw new DatasetsError(
      'data.one-class',
      `${trainFile}: every row is labelled "${[...present][0] ?? ''}". A classifier needs at least two classes.`,
    );
  }
  if (test.length === 0) {
    throw new DatasetsError('data.no-rows', `${testFile} has no rows to test on. Give more rows, or a test file.`);
  }
}

function labelUnseen(testFile: string, trainFile: string, row: LabelledRow, known: ReadonlySet<string>): DatasetsError {
  const labels = sortedLabels(known).slice(0, 20).join(', ');
  return new DatasetsError(
    'data.label-unseen',
    `${testFile}, line ${row.line}: label "${row.label}" does not occur in the training rows of ${trainFile}, which have ${labels}.`,
  );
}

/** The rows with the smallest hashes, one of each label at least: the same for every seed and every order of the file. */
function limited(rows: readonly LabelledRow[], classes: number, limit = Infinity): readonly LabelledRow[] {
  if (rows.length <= limit) return rows;
  if (limit < classes) {
    throw new DatasetsError(
      'data.limit',
      `data.limit is ${limit}, fewer than the ${classes} classes there are. Raise it.`,
    );
  }
  const ordered = rows
    .map((row) => ({ row, hash: hashFraction('limit', `${row.label}\0${row.text}`) }))
    .sort((a, b) => a.hash - b.hash)
    .map(({ row }) => row);
  const seen = new Set<string>();
  const first: LabelledRow[] = [];
  const rest: LabelledRow[] = [];
  for (const row of ordered) {
    (seen.has(row.label) ? rest : first).push(row);
    seen.add(row.label);
  }
  return [...first, ...rest.slice(0, limit - first.length)];
}

/** Numbers in numeric order (2 before 10), anything else by code unit: no locale takes part. */
function sortedLabels(labels: Iterable<string>): string[] {
  const sorted = [...labels].sort();
  return sorted.every((label) => /^-?\d{1,15}$/.test(label)) ? sorted.sort((a, b) => Number(a) - Number(b)) : sorted;
}

/** Rows in the order that does not depend on the file's, labels as numbers. */
export function canonical(rows: readonly LabelledRow[], labels: readonly string[]): Example[] {
  const number = new Map(labels.map((label, index) => [label, index]));
  return rows
    .map(({ text, label }) => ({ text, label: number.get(label) ?? -1 }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.label - b.label));
}

function digestRows(labels: readonly string[], train: readonly Example[], test: readonly Example[]): Digest {
  const hash = createHash('sha256').update(JSON.stringify(labels));
  for (const rows of [train, test]) {
    hash.update('\n\n');
    for (const { text, label } of rows) hash.update(`${JSON.stringify([label, text])}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}
