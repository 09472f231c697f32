import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { CsvErrorCode, InfoRecord, Options } from 'csv-parse';
import { DatasetsError } from '../datasets-error.ts';
import { MAX_ROW_CHARACTERS } from './limits.ts';
import { readUtf8 } from './read-utf8.ts';

export interface CsvRow {
  /** Where the row begins, counted from 1; a quoted field may span several lines. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * The rows of a comma-separated file (RFC 4180; tab-separated where the name ends in .tsv), as they stream by.
 * Empty lines are passed over. Rows may differ in length: the caller knows how many columns it wants.
 */
export async function* readCsv(path: string): AsyncGenerator<CsvRow> {
  const source = Readable.from(readUtf8(path), { objectMode: true });
  // Kept as rows are parsed, not as they are read: a parser that fails drops the rows that wait in its buffer.
  const seen = { lines: 0, empty: 0 };
  const located = (fields: readonly string[], info: InfoRecord): CsvRow => {
    const line = seen.lines + 1 + (info.empty_lines - seen.empty);
    seen.lines = info.lines;
    seen.empty = info.empty_lines;
    return { line, fields };
  };
  const parser = parse({
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: '\n',
    delimiter: path.toLowerCase().endsWith('.tsv') ? '\t' : ',',
    max_record_size: MAX_ROW_CHARACTERS,
    // Declared to give back what it was given; it may give anything.
    on_record: located as unknown as NonNullable<Options['on_record']>,
  });
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const row of parser) yield row as CsvRow;
  } catch (error) {
    throw error instanceof CsvError ? describeCsvError(path, error, seen) : error;
  } finally {
    source.destroy();
  }
}

function describeCsvError(path: string, error: CsvError, seen: { lines: number; empty: number }): DatasetsError {
  const empty = typeof error['empty_lines'] === 'number' ? error['empty_lines'] - seen.empty : 0;
  const where = `${path}, line ${seen.lines + 1 + empty}`;
  const said = SAID[error.code] ?? (['data.csv', `not CSV: ${error.message}.`] as const);
  return new DatasetsError(said[0], `${where}: ${said[1]}`);
}

const STRAY_QUOTE = [
  'data.csv-quote',
  'a " stands inside a field. Put the whole field in quotes and double the ones inside it: "say ""so""".',
] as const;

const SAID: Partial<Record<CsvErrorCode, readonly [code: string, message: string]>> = {
  CSV_QUOTE_NOT_CLOSED: ['data.csv-quote', 'a quoted field is opened here and never closed. Add the closing ".'],
  CSV_MAX_RECORD_SIZE: [
    'data.row-too-long',
    `the row is longer than ${MAX_ROW_CHARACTERS.toLocaleString('en')} characters. Is a quote left open?`,
  ],
  INVALID_OPENING_QUOTE: STRAY_QUOTE,
  CSV_INVALID_CLOSING_QUOTE: STRAY_QUOTE,
};
