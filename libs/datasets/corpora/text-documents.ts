import { DatasetsError } from '../datasets-error.ts';
import { MAX_ROW_CHARACTERS } from '../files/limits.ts';
import { readLines } from '../files/read-lines.ts';

/** The documents of UTF-8 text files, in order; files without any are refused. Holds one document at a time. */
export async function* readTextDocuments(files: readonly string[], unit: 'line' | 'paragraph'): AsyncGenerator<string> {
  for (const path of files) {
    let documents = 0;
    for await (const document of unit === 'line' ? readLineDocuments(path) : readParagraphs(path)) {
      documents += 1;
      yield document;
    }
    if (documents === 0) throw new DatasetsError('data.no-rows', `${path} has no text. Leave it out.`);
  }
}

async function* readLineDocuments(path: string): AsyncGenerator<string> {
  for await (const { text } of readLines(path)) {
    const document = text.trim();
    if (document !== '') yield document;
  }
}

async function* readParagraphs(path: string): AsyncGenerator<string> {
  let lines: string[] = [];
  let characters = 0;
  for await (const { number, text } of readLines(path)) {
    const line = text.trim();
    if (line !== '') {
      lines.push(line);
      characters += line.length;
      if (characters > MAX_ROW_CHARACTERS) throw paragraphTooLong(path, number);
    } else if (lines.length > 0) {
      yield lines.join(' ');
      lines = [];
      characters = 0;
    }
  }
  if (lines.length > 0) yield lines.join(' ');
}

function paragraphTooLong(path: string, line: number): DatasetsError {
  return new DatasetsError(
    'data.row-too-long',
    `${path}, line ${line}: the paragraph is longer than ${MAX_ROW_CHARACTERS.toLocaleString('en')} characters. Separate paragraphs by empty lines, or set unit: line.`,
  );
}
