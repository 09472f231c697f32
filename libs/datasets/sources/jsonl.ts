import { DatasetsError } from '../datasets-error.ts';
import { readJsonRows, valueOf, type JsonRow } from '../files/json-rows.ts';
import { joinText } from '../labelled-row.ts';
import type { LabelledRow } from '../labelled-row.ts';

/** JSON lines: one object a line, `text` naming the fields that make the text, `label` the one that names the class. */
export async function* readLabelledJsonLines(
  path: string,
  text: readonly string[],
  label: string,
): AsyncGenerator<LabelledRow> {
  for await (const row of readJsonRows(path, '{"text": …, "label": …}')) {
    const { line } = row;
    const parts = text.map((field) => fieldOf(path, row, field));
    const name = fieldOf(path, row, label).trim();
    if (name === '') {
      throw new DatasetsError(
        'data.label-empty',
        `${path}, line ${line}: "${label}" is empty. Remove the row or label it.`,
      );
    }
    yield { text: joinText(parts, path, line), label: name, line };
  }
}

function fieldOf(path: string, row: JsonRow, field: string): string {
  const value = valueOf(path, row, field);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
  throw new DatasetsError(
    'data.field-not-text',
    `${path}, line ${row.line}: "${field}" is ${found} where text or a number is expected.`,
  );
}
