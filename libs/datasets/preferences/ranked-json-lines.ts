import { readJsonRows, textOf } from '../files/json-rows.ts';
import { checkRow, type PreferenceRow } from './preference-pair.ts';

/** A user's own pairs: JSON lines of `prompt`, `chosen` and `rejected`; further fields are passed over. */
export async function* readRankedJsonLines(path: string): AsyncGenerator<PreferenceRow> {
  for await (const row of readJsonRows(path, '{"prompt": …, "chosen": …, "rejected": …}')) {
    const prompt = textOf(path, row, 'prompt');
    const pair = { prompt, chosen: textOf(path, row, 'chosen'), rejected: textOf(path, row, 'rejected') };
    yield checkRow({ ...pair, group: prompt.trim(), line: row.line }, path, row.place);
  }
}
