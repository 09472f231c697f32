import { DatasetsError } from '../datasets-error.ts';
import { MAX_TOTAL_CHARACTERS } from './limits.ts';
import { readLines } from './read-lines.ts';

/** One JSON object and where it stood. */
export interface JsonRow {
  /** The line, or the number of the object within a list; counted from 1. */
  readonly line: number;
  /** The same in words: `line 3`, `object 3`. */
  readonly place: string;
  readonly object: Readonly<Record<string, unknown>>;
}

/** JSON lines, one object a line; empty lines are passed over. `like` shows in messages what an object looks like. */
export async function* readJsonRows(path: string, like: string): AsyncGenerator<JsonRow> {
  for await (const { number: line, text } of readLines(path)) {
    if (text.trim() === '') continue;
    const place = `line ${line}`;
    yield { line, place, object: objectOf(path, place, parse(path, place, text), like) };
  }
}

/** A file that is one JSON list of objects, or else JSON lines. */
export async function* readJsonObjects(path: string, like: string): AsyncGenerator<JsonRow> {
  if (!(await beginsWithList(path))) {
    yield* readJsonRows(path, like);
    return;
  }
  const pieces: string[] = [];
  let characters = 0;
  for await (const { text } of readLines(path)) {
    pieces.push(text);
    characters += text.length;
    if (characters > MAX_TOTAL_CHARACTERS)
      throw new DatasetsError('data.too-large', `${path} has more than ${MAX_TOTAL_CHARACTERS} characters.`);
  }
  const list = parse(path, 'the list', pieces.join('\n')) as readonly unknown[];
  for (const [index, value] of list.entries()) {
    const place = `object ${index + 1}`;
    yield { line: index + 1, place, object: objectOf(path, place, value, like) };
  }
}

async function beginsWithList(path: string): Promise<boolean> {
  for await (const { text } of readLines(path)) if (text.trim() !== '') return text.trim().startsWith('[');
  return false;
}

function parse(path: string, place: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new DatasetsError(
      'data.json',
      `${path}, ${place}: not JSON: ${(error as Error).message}. One object a line.`,
    );
  }
}

function objectOf(path: string, place: string, value: unknown, like: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new DatasetsError('data.json', `${path}, ${place}: not a JSON object. One object a line, as ${like}.`);
}

/** A field that must be there. Throws DatasetsError `data.column-unknown`, naming the fields that there are. */
export function valueOf(path: string, { place, object }: JsonRow, field: string): unknown {
  if (Object.hasOwn(object, field)) return object[field];
  const names = Object.keys(object).map((name) => `"${name}"`);
  throw new DatasetsError(
    'data.column-unknown',
    `${path}, ${place}: no field is named "${field}"; the object has ${names.slice(0, 20).join(', ') || 'none'}.`,
  );
}

/** A field that must be text. Throws DatasetsError `data.field-not-text`. */
export function textOf(path: string, row: JsonRow, field: string): string {
  const value = valueOf(path, row, field);
  if (typeof value === 'string') return value;
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
  throw new DatasetsError('data.field-not-text', `${path}, ${row.place}: "${field}" is ${found}, not text.`);
}
