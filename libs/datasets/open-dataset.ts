import { checkDataSpec } from './data-spec.ts';
import type { DataSpec } from './data-spec.ts';
import type { Dataset } from './dataset.ts';
import { RowCounter } from './files/limits.ts';
import { holdOut } from './hold-out.ts';
import type { LabelledRow, RowReader } from './labelled-row.ts';
import { sealDataset } from './seal-dataset.ts';
import { AG_NEWS_LABELS, readAgNews } from './sources/ag-news.ts';
import { readLabelledCsv } from './sources/csv.ts';
import { readLabelledJsonLines } from './sources/jsonl.ts';
import { readWordnetTopics } from './sources/wordnet-topics.ts';
import { chooseTopics } from './wordnet/topics.ts';

const DEFAULT_TEST_FRACTION = 0.2;

/** Reads, checks and splits the labelled text that a spec names. Throws a DatasetsError that names file, line and cure. */
export async function openDataset(spec: DataSpec): Promise<Dataset> {
  checkDataSpec(spec);
  const text = typeof spec.text === 'string' ? [spec.text] : (spec.text ?? ['text']);
  const label = spec.label ?? 'label';
  switch (spec.source) {
    case 'ag-news':
      return openFiles(spec, readAgNews, AG_NEWS_LABELS);
    case 'csv':
      return openFiles(spec, (path) => readLabelledCsv(path, text, label));
    case 'jsonl':
      return openFiles(spec, (path) => readLabelledJsonLines(path, text, label));
    case 'wordnet-topics':
      return openWordnetTopics(spec);
  }
}

async function openFiles(spec: DataSpec, read: RowReader, labels?: readonly string[]): Promise<Dataset> {
  const trainFile = spec.train ?? '';
  const rows = await collect(read, trainFile);
  const split =
    spec.test === undefined
      ? holdOut(rows, spec.testFraction ?? DEFAULT_TEST_FRACTION)
      : { train: rows, test: await collect(read, spec.test) };
  return sealDataset({ ...split, trainFile, testFile: spec.test ?? trainFile, labels, limit: spec.limit });
}

async function openWordnetTopics(spec: DataSpec): Promise<Dataset> {
  const labels = chooseTopics(spec.topics);
  const train: LabelledRow[] = [];
  const test: LabelledRow[] = [];
  for await (const row of readWordnetTopics(labels)) (row.split === 'test' ? test : train).push(row);
  return sealDataset({ train, test, trainFile: 'WordNet', testFile: 'WordNet', labels, limit: spec.limit });
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
