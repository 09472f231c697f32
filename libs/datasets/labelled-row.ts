import { DatasetsError } from './datasets-error.ts';

/** One row as a source reads it, before labels become numbers. */
export interface LabelledRow {
  readonly text: string;
  readonly label: string;
  /** Where it stood, for messages about it. */
  readonly line: number;
}

/** Reads the rows of one file, or throws at the first that cannot be used. */
export type RowReader = (path: string) => AsyncIterable<LabelledRow>;

/** Joins the parts of a text by a space, leaving out empty ones; refuses a row that has none. */
export function joinText(parts: readonly string[], path: string, line: number): string {
  const text = parts
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join(' ');
  if (text !== '') return text;
  throw new DatasetsError('data.text-empty', `${path}, line ${line}: the text is empty. Remove the row.`);
}
