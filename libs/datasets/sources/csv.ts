import { DatasetsError } from '../datasets-error.ts';
import { readCsv } from '../files/read-csv.ts';
import { joinText } from '../labelled-row.ts';
import type { LabelledRow } from '../labelled-row.ts';

/** A user's own CSV with a header: `text` names the columns that make the text, `label` the one that names the class. */
export async function* readLabelledCsv(
  path: string,
  text: readonly string[],
  label: string,
): AsyncGenerator<LabelledRow> {
  let header: readonly string[] | undefined;
  let textAt: readonly number[] = [];
  let labelAt = -1;
  for await (const { line, fields } of readCsv(path)) {
    if (header === undefined) {
      header = fields.map((name) => name.trim());
      textAt = text.map((name) => columnOf(path, line, fields, name));
      labelAt = columnOf(path, line, fields, label);
      continue;
    }
    if (fields.length !== header.length) {
      throw new DatasetsError(
        'data.columns',
        `${path}, line ${line}: ${fields.length} columns where the header has ${header.length}. A field with a comma in it must be quoted.`,
      );
    }
    const name = (fields[labelAt] ?? '').trim();
    if (name === '') {
      throw new DatasetsError(
        'data.label-empty',
        `${path}, line ${line}: column "${label}" is empty. Remove the row or label it.`,
      );
    }
    yield {
      text: joinText(
        textAt.map((at) => fields[at] ?? ''),
        path,
        line,
      ),
      label: name,
      line,
    };
  }
}

function columnOf(path: string, line: number, header: readonly string[], name: string): number {
  const names = header.map((column) => column.trim());
  const at = names.indexOf(name);
  if (at >= 0 && names.lastIndexOf(name) === at) return at;
  if (at >= 0) {
    throw new DatasetsError(
      'data.column-twice',
      `${path}, line ${line}: two columns are named "${name}". Rename one of them.`,
    );
  }
  const only = names.length === 1 ? ' Is the file separated by commas? (By tabs: name it .tsv.)' : '';
  throw new DatasetsError(
    'data.column-unknown',
    `${path}, line ${line}: no column is named "${name}"; the header has ${quoted(names)}.${only}`,
  );
}

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => `"${name.slice(0, 40)}"`);
  return shown.join(', ') + (names.length > shown.length ? ` and ${names.length - shown.length} more` : '');
}
