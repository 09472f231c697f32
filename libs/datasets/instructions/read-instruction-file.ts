import { DatasetsError } from '../datasets-error.ts';
import { RowCounter } from '../files/limits.ts';
import { readLines } from '../files/read-lines.ts';
import { readUtf8 } from '../files/read-utf8.ts';
import type { Instruction } from './instruction.ts';

/** Which fields of a row hold what. */
interface Fields {
  readonly input: string;
  readonly output: string;
  readonly category?: string;
}

const FIELDS: Record<'alpaca' | 'dolly' | 'jsonl', Fields> = {
  alpaca: { input: 'input', output: 'output' },
  dolly: { input: 'context', output: 'response', category: 'category' },
  jsonl: { input: 'input', output: 'output', category: 'category' },
};

/** A JSON array is parsed whole; the largest instruction sets have some 30 million characters. */
const MOST_CHARACTERS = 200_000_000;

/**
 * The instructions of a file: a JSON array as Alpaca comes in, or one JSON object a line as Dolly does, either for each source.
 * Empty inputs count as none; rows whose answer is empty, of which Alpaca has some, are left out. Throws a DatasetsError that
 * names file, row and cure.
 */
export async function readInstructionFile(path: string, source: keyof typeof FIELDS): Promise<Instruction[]> {
  const rows = (await beginsWith(path, '[')) ? await arrayRows(path) : await lineRows(path);
  if (rows.length === 0) throw new DatasetsError('data.no-rows', `${path} has no instructions.`);
  const counter = new RowCounter(path);
  const instructions = rows.map(({ value, at, number }) => {
    const instruction = instructionOf(value, FIELDS[source], `${path}, ${at}`);
    counter.add(instruction.instruction.length + (instruction.input?.length ?? 0) + instruction.output.length, number);
    return instruction;
  });
  return instructions.filter(({ output }) => output !== '');
}

interface Row {
  readonly value: unknown;
  readonly at: string;
  readonly number: number;
}

async function beginsWith(path: string, character: string): Promise<boolean> {
  for await (const piece of readUtf8(path)) if (piece.trim() !== '') return piece.trimStart().startsWith(character);
  return false;
}

async function arrayRows(path: string): Promise<Row[]> {
  let text = '';
  for await (const piece of readUtf8(path)) {
    text += piece;
    if (text.length > MOST_CHARACTERS)
      throw new DatasetsError(
        'data.too-large',
        `${path}: a JSON array of more than ${MOST_CHARACTERS.toLocaleString('en')} characters. Write one object a line instead.`,
      );
  }
  const values = parse(text, path) as unknown[];
  return values.map((value, i) => ({ value, at: `row ${i + 1}`, number: i + 1 }));
}

async function lineRows(path: string): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const { number, text } of readLines(path)) {
    if (text.trim() !== '') rows.push({ value: parse(text, `${path}, line ${number}`), at: `line ${number}`, number });
  }
  return rows;
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new DatasetsError(
      'data.json',
      `${where}: not JSON: ${(error as Error).message}. A JSON array, or one object a line.`,
    );
  }
}

function instructionOf(value: unknown, fields: Fields, where: string): Instruction {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new DatasetsError('data.json', `${where}: not a JSON object, as {"instruction": …, "${fields.output}": …}.`);
  const row = value as Record<string, unknown>;
  const instruction = textOf(row, 'instruction', where);
  const output = textOf(row, fields.output, where);
  const input = optionalText(row, fields.input, where);
  const category = fields.category === undefined ? '' : optionalText(row, fields.category, where);
  if (instruction === '')
    throw new DatasetsError('data.field-empty', `${where}: "instruction" is empty. Remove the row, or say what to do.`);
  return { instruction, ...(input === '' ? {} : { input }), output, ...(category === '' ? {} : { category }) };
}

function textOf(row: Record<string, unknown>, field: string, where: string): string {
  const value = Object.hasOwn(row, field) ? row[field] : undefined;
  if (typeof value === 'string') return value.trim();
  const names = Object.keys(row).map((name) => `"${name}"`);
  const found = value === undefined ? `the object has ${names.slice(0, 20).join(', ') || 'none'}` : `it is no text`;
  throw new DatasetsError('data.column-unknown', `${where}: field "${field}" is needed; ${found}.`);
}

function optionalText(row: Record<string, unknown>, field: string, where: string): string {
  return row[field] === undefined || row[field] === null ? '' : textOf(row, field, where);
}
