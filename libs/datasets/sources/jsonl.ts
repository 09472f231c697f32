import { DatasetsError } from '../datasets-error.ts';
import { readLines } from '../files/read-lines.ts';
import { joinText } from '../labelled-row.ts';
import type { LabelledRow } from '../labelled-row.ts';

/** JSON lines: one object a line, `text` naming the fields that make the text, `label` the one that names the class. */
export async function* readLabelledJsonLines(
  path: string,
  text: readonly string[],
  label: string,
): AsyncGenerator<LabelledRow> {
  for await (const { number: line, text: json } of readLines(path)) {
    if (json.trim() === '') continue;
    const row = parseObject(path, line, json);
    const parts = text.map((field) => fieldOf(path, line, row, field));
    const name = fieldOf(path, line, row, label).trim();
    if (name === '') {
      throw new DatasetsError(
        'data.label-empty',
        `${path}, line ${line}: "${label}" is empty. Remove the row or label it.`,
      );
    }
    yield { text: joinText(parts, path, line), label: name, line };
  }
}

function parseObject(path: string, line: number, json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new DatasetsError(
      'data.json',
      `${path}, line ${line}: not JSON: ${(error as Error).message}. One object a line.`,
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new DatasetsError(
    'data.json',
    `${path}, line ${line}: not a JSON object. One object a line, as {"text": …, "label": …}.`,
  );
}

function fieldOf(path: string, line: number, row: Record<string, unknown>, field: string): string {
  if (!Object.hasOwn(row, field)) {
    const names = Object.keys(row).map((name) => `"${name}"`);
    throw new DatasetsError(
      'data.column-unknown',
      `${path}, line ${line}: no field is named "${field}"; the object has ${names.slice(0, 20).join(', ') || 'none'}.`,
    );
  }
  const value = row[field];
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
  throw new DatasetsError(
    'data.field-not-text',
    `${path}, line ${line}: "${field}" is ${found} where text or a number is expected.`,
  );
}
