import { DatasetsError } from '../datasets-error.ts';
import { readCsv } from '../files/read-csv.ts';
import { joinText } from '../labelled-row.ts';
import type { LabelledRow } from '../labelled-row.ts';

/** In the order of the classes 1 to 4. */
export const AG_NEWS_LABELS = ['World', 'Sports', 'Business', 'Sci/Tech'] as const;

/** AG News as published: class 1..4, title, description, no header. The text is title and description. */
export async function* readAgNews(path: string): AsyncGenerator<LabelledRow> {
  for await (const { line, fields } of readCsv(path)) {
    const [number = '', title = '', description = ''] = fields;
    if (fields.length !== 3) {
      throw new DatasetsError(
        'data.columns',
        `${path}, line ${line}: ${fields.length} columns where AG News has 3 (class, title, description). For a file of your own use source: csv.`,
      );
    }
    const label = /^[1-4]$/.test(number.trim()) ? AG_NEWS_LABELS[Number(number) - 1] : undefined;
    if (label === undefined) throw classUnknown(path, line, number);
    yield { text: joinText([title, description], path, line), label, line };
  }
}

function classUnknown(path: string, line: number, found: string): DatasetsError {
  const cure =
    line === 1 && /\D/.test(found)
      ? 'AG News has no header: delete line 1, or use source: csv with text: and label:'
      : `AG News numbers them 1 (World), 2 (Sports), 3 (Business), 4 (Sci/Tech)`;
  return new DatasetsError(
    'data.class-unknown',
    `${path}, line ${line}: "${found.slice(0, 40)}" is not a class. ${cure}.`,
  );
}
