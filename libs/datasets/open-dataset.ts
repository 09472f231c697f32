import { checkDataSpec } from './data-spec.ts';
import type { DataSpec } from './data-spec.ts';
import type { Dataset, Example } from './dataset.ts';
import { DatasetsError } from './datasets-error.ts';
import { RowCounter } from './files/limits.ts';
import { holdOut } from './hold-out.ts';
import type { LabelledRow, RowReader } from './labelled-row.ts';
import { openPrompts } from './instructions/open-prompts.ts';
import { canonical, checkAgreed, sealDataset } from './seal-dataset.ts';
import { AG_NEWS_LABELS, readAgNews } from './sources/ag-news.ts';
import { readLabelledCsv } from './sources/csv.ts';
import { readLabelledJsonLines } from './sources/jsonl.ts';
import { readWordnetTopics } from './sources/wordnet-topics.ts';
import { chooseTopics } from './wordnet/topics.ts';

const DEFAULT_TEST_FRACTION = 0.2;

/**
 * Reads, checks and splits the labelled text that a spec names. With `agreed` labels the rows may have those and no others,
 * and need not have them all. Throws a DatasetsError that names file, line and cure.
 */
export async function openDataset(spec: DataSpec, agreed?: readonly string[]): Promise<Dataset> {
  checkDataSpec(spec);
  const text = typeof spec.text === 'string' ? [spec.text] : (spec.text ?? ['text']);
  const label = spec.label ?? 'label';
  switch (spec.source) {
    case 'ag-news':
      return openFiles(spec, readAgNews, { labels: AG_NEWS_LABELS, agreed });
    case 'csv':
      return openFiles(spec, (path) => readLabelledCsv(path, text, label), { agreed });
    case 'jsonl':
      return openFiles(spec, (path) => readLabelledJsonLines(path, text, label), { agreed });
    case 'wordnet-topics':
      return openWordnetTopics(spec, agreed);
    case 'instructions':
      return openPrompts(spec);
  }
}

/** The source's own labels, and those that sites have agreed on. */
interface KnownLabels {
  readonly labels?: readonly string[];
  readonly agreed: readonly string[] | undefined;
}

async function openFiles(spec: DataSpec, read: RowReader, known: KnownLabels): Promise<Dataset> {
  const trainFile = spec.train ?? '';
  const rows = await collect(read, trainFile);
  const split =
    spec.test === undefined
      ? holdOut(rows, spec.testFraction ?? DEFAULT_TEST_FRACTION)
      : { train: rows, test: await collect(read, spec.test) };
  return sealDataset({ ...split, trainFile, testFile: spec.test ?? trainFile, ...known, limit: spec.limit });
}

async function openWordnetTopics(spec: DataSpec, agreed: readonly string[] | undefined): Promise<Dataset> {
  const labels = chooseTopics(spec.topics);
  const train: LabelledRow[] = [];
  const test: LabelledRow[] = [];
  for await (const row of readWordnetTopics(labels)) (row.split === 'test' ? test : train).push(row);
  return sealDataset({ train, test, trainFile: 'WordNet', testFile: 'WordNet', labels, agreed, limit: spec.limit });
}

/** Labelled rows of one file that are for testing alone, in canonical order. */
export async function openTestRows(
  spec: {
    readonly source: 'csv' | 'jsonl';
    readonly file: string;
    readonly text: string | readonly string[];
    readonly label: string;
  },
  agreed: readonly string[],
): Promise<Example[]> {
  const { file, label } = spec;
  const text = typeof spec.text === 'string' ? [spec.text] : spec.text;
  const read = spec.source === 'csv' ? readLabelledCsv : readLabelledJsonLines;
  const rows = await collect((path) => read(path, text, label), file);
  checkAgreed(rows, file, agreed);
  if (rows.length === 0) throw new DatasetsError('data.no-rows', `${file} has no rows to test on.`);
  return canonical(rows, agreed);
}

async function collect(read: RowReader, path: string): Promise<LabelledRow[]> {
  const counter = new RowCounter(path);
  const rows: LabelledRow[] = [];
  for await (const row of read(path)) {
    counter.add(row.text.length, row.line);
    rows.push(row);
  }
  return rows;
}
