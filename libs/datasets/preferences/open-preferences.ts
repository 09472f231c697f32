import { createHash } from 'node:crypto';
import { DatasetsError } from '../datasets-error.ts';
import { RowCounter } from '../files/limits.ts';
import { readAlpacaEval } from './alpaca-eval.ts';
import { readHhRlhf } from './hh-rlhf.ts';
import type { PreferenceRow, Preferences, PreferenceSplit } from './preference-pair.ts';
import type { PreferenceFilesSpec, PreferenceSpec } from './preference-spec.ts';
import { readRankedJsonLines } from './ranked-json-lines.ts';
import { limited, splitByPrompt } from './split-by-prompt.ts';
import { readWordnetAnswers } from './wordnet-answers.ts';

const DEFAULT_TEST_FRACTION = 0.1;

const READERS: Record<PreferenceFilesSpec['source'], (path: string) => AsyncIterable<PreferenceRow>> = {
  'hh-rlhf': readHhRlhf,
  'alpaca-eval': readAlpacaEval,
  jsonl: readRankedJsonLines,
};

/**
 * Reads, checks and splits ranked pairs. Without a test file a part is held out by prompt, never by row; with one, test pairs whose prompt
 * is trained on are left out, and pairs of equal completions too: `notes` say how many. Throws a DatasetsError with file, line and cure.
 */
export async function openPreferences(specs: readonly PreferenceSpec[]): Promise<Preferences> {
  const notes: string[] = [];
  const sources: PreferenceSplit[] = [];
  for (const spec of specs) sources.push(await openSource(spec, notes));
  const hash = createHash('sha256');
  for (const { source, train, heldOut } of sources) {
    hash.update(`${source}\n`);
    for (const [part, rows] of Object.entries({ train, heldOut })) {
      for (const { prompt, chosen, rejected } of rows)
        hash.update(`${JSON.stringify([part, prompt, chosen, rejected])}\n`);
    }
  }
  return { sources, digest: `sha256:${hash.digest('hex')}`, notes };
}

async function openSource(spec: PreferenceSpec, notes: string[]): Promise<PreferenceSplit> {
  if (spec.source === 'wordnet-answers') {
    const rows = await collect(readWordnetAnswers(spec.aspect), 'WordNet', notes);
    const [train, test] = (['train', 'test'] as const).map((side) => rows.filter(({ split }) => split === side));
    return {
      source: `wordnet-answers, ${spec.aspect}`,
      train: limited(train ?? [], spec.limit),
      heldOut: limited(test ?? [], heldOutLimit(spec.limit)),
    };
  }
  const read = READERS[spec.source];
  const rows = await collect(read(spec.train), spec.train, notes);
  if (spec.test === undefined) {
    const { train, heldOut } = splitByPrompt(rows, spec.testFraction ?? DEFAULT_TEST_FRACTION);
    if (train.length === 0 || heldOut.length === 0) throw tooFew(spec.train);
    return { source: spec.source, train: limited(train, spec.limit), heldOut };
  }
  const trained = new Set(rows.map(({ group }) => group));
  const test = await collect(read(spec.test), spec.test, notes);
  const heldOut = test.filter(({ group }) => !trained.has(group));
  if (heldOut.length < test.length)
    notes.push(`${test.length - heldOut.length} test pairs were left out: their prompt is trained on.`);
  if (heldOut.length === 0) throw new DatasetsError('data.no-rows', `${spec.test}: every prompt is trained on.`);
  return { source: spec.source, train: limited(rows, spec.limit), heldOut };
}

/** A source that is made could be held out by the thousand; a ninth of the training pairs is kept, as of files. */
function heldOutLimit(limit: number | undefined): number | undefined {
  return limit === undefined ? undefined : Math.ceil((limit * DEFAULT_TEST_FRACTION) / (1 - DEFAULT_TEST_FRACTION));
}

async function collect(source: AsyncIterable<PreferenceRow>, path: string, notes: string[]): Promise<PreferenceRow[]> {
  const counter = new RowCounter(path);
  const rows: PreferenceRow[] = [];
  let equal = 0;
  for await (const row of source) {
    if (row.chosen.trim() === row.rejected.trim()) {
      equal += 1;
      continue;
    }
    counter.add(row.prompt.length + row.chosen.length + row.rejected.length, row.line);
    rows.push(row);
  }
  if (equal > 0) notes.push(`${path}: ${equal} pairs were left out, whose completions are equal.`);
  if (rows.length === 0) throw new DatasetsError('data.no-rows', `${path} has no pairs.`);
  return rows;
}

function tooFew(path: string): DatasetsError {
  return new DatasetsError(
    'data.no-rows',
    `${path}: all pairs are about one prompt, so none can be held out. Give more prompts, or a test file.`,
  );
}
