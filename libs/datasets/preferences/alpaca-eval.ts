import { DatasetsError } from '../datasets-error.ts';
import { readJsonObjects, textOf, valueOf, type JsonRow } from '../files/json-rows.ts';
import { checkRow, type PreferenceRow } from './preference-pair.ts';

/**
 * AlpacaEval's annotations: a JSON list (or JSON lines) of `instruction`, `output_1`, `output_2` and `preference`, which is
 * 1 or 2, or a number between them as weighted annotators give it; 1.5, 0 and null are ties and are left out. Rows that
 * are ranked already (`prompt` or `instruction`, `chosen`, `rejected`) are read as well.
 */
export async function* readAlpacaEval(path: string): AsyncGenerator<PreferenceRow> {
  const like = '{"instruction": …, "output_1": …, "output_2": …, "preference": 1}';
  for await (const row of readJsonObjects(path, like)) {
    const prompt = textOf(path, row, Object.hasOwn(row.object, 'prompt') ? 'prompt' : 'instruction');
    const ranked = Object.hasOwn(row.object, 'chosen') ? (['chosen', 'rejected'] as const) : rankingOf(path, row);
    if (ranked === undefined) continue;
    const [chosen, rejected] = [textOf(path, row, ranked[0]), textOf(path, row, ranked[1])];
    yield checkRow({ prompt, chosen, rejected, group: prompt.trim(), line: row.line }, path, row.place);
  }
}

function rankingOf(
  path: string,
  row: JsonRow,
): readonly ['output_1' | 'output_2', 'output_1' | 'output_2'] | undefined {
  const preference = valueOf(path, row, 'preference');
  if (preference === null || preference === 0 || preference === 1.5) return undefined;
  if (typeof preference === 'number' && preference >= 1 && preference <= 2)
    return preference < 1.5 ? ['output_1', 'output_2'] : ['output_2', 'output_1'];
  throw new DatasetsError(
    'data.preference',
    `${path}, ${row.place}: "preference" is ${JSON.stringify(preference)}; it must lie between 1 (output_1) and 2 (output_2).`,
  );
}
