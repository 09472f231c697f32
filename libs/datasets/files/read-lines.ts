import { DatasetsError } from '../datasets-error.ts';
import { MAX_ROW_CHARACTERS } from './limits.ts';
import { readUtf8 } from './read-utf8.ts';

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/** The lines of a UTF-8 file without their line ends, empty ones too. Holds one line at a time. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let number = 0;
  let open = '';
  for await (const piece of readUtf8(path)) {
    const parts = piece.split('\n');
    for (const [index, part] of parts.entries()) {
      open += part;
      if (open.length > MAX_ROW_CHARACTERS) throw lineTooLong(path, number + 1);
      if (index === parts.length - 1) break;
      number += 1;
      yield { number, text: open };
      open = '';
    }
  }
  if (open !== '') yield { number: number + 1, text: open };
}

function lineTooLong(path: string, line: number): DatasetsError {
  return new DatasetsError(
    'data.row-too-long',
    `${path}, line ${line}: longer than ${MAX_ROW_CHARACTERS.toLocaleString('en')} characters. Is the file cut into lines?`,
  );
}
