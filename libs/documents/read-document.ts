import { open } from 'node:fs/promises';
import { isMap, LineCounter, parseDocument, type Document, type ErrorCode } from 'yaml';
import { explainIssues, problemsOf, writtenPath, type Problem } from '#contracts';
import type { z } from 'zod';
import { DocumentError } from './document-error.ts';

const MOST_BYTES = 1024 * 1024;
const MOST_ALIASES = 100;

/**
 * Reads a YAML (or JSON) file against a schema; `example` is a line that such a file has. `refuse` may find more to say of a
 * document that the schema takes, from what is written there and what it stands for with its defaults.
 * @throws DocumentError `spec.*` that names file, line, field, what was wrong and what is allowed.
 */
export async function readDocument<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  example: string,
  refuse: (written: unknown, value: z.output<Schema>) => readonly Problem[] = () => [],
): Promise<z.output<Schema>> {
  const text = await readText(path);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    logLevel: 'error',
  });
  const [malformed] = document.errors;
  if (malformed !== undefined) {
    const { line, col } = lines.linePos(malformed.pos[0]);
    throw new DocumentError('spec.malformed', `${path}:${line}:${col}: not valid YAML: ${wordsOf(malformed)}`);
  }
  if (!isMap(document.contents)) {
    throw new DocumentError('spec.malformed', `${path}: expected fields such as \`${example}\`, found none`);
  }
  const value = valueOf(document, path);
  const checked = schema.safeParse(value);
  const problems = checked.success ? refuse(value, checked.data) : problemsOf(checked.error, schema, value);
  if (checked.success && problems.length === 0) return checked.data;
  const found = problems.map((problem) => {
    const line = lineOf(problem.path);
    return `${path}${line === undefined ? '' : `:${line}`}: ${writtenPath(problem.path)}: ${problem.message}`;
  });
  const unplaced = checked.success ? [] : explainIssues(checked.error);
  throw new DocumentError('spec.invalid', (found.length === 0 ? unplaced : found).join('\n'));

  /** The line of the innermost part of the path that the file has. */
  function lineOf(whole: readonly PropertyKey[]): number | undefined {
    for (let length = whole.length; length > 0; length -= 1) {
      const node = document.getIn(whole.slice(0, length), true) as { range?: [number, number, number] } | undefined;
      if (node?.range !== undefined) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  }
}

/** What the YAML stands for, its aliases resolved. */
function valueOf(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const [, name] = /: (\S+)$/.exec(error.message) ?? [];
    const why =
      name === undefined
        ? 'its aliases stand for too much; write the values out'
        : `*${name} stands for nothing: there is no &${name} before it`;
    throw new DocumentError('spec.malformed', `${path}: ${why}`, { cause: error });
  }
}

/** The parser's words, where they are for a reader of the file rather than for its programmer. */
function wordsOf({ code, message }: { readonly code: ErrorCode; readonly message: string }): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; there may be one';
  return code === 'RESOURCE_EXHAUSTION' ? 'it is nested too deeply' : message;
}

async function readText(path: string): Promise<string> {
  const file = await open(path, 'r').catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code ?? String(error)})`;
    throw new DocumentError('spec.unreadable', `${path}: ${why}`);
  });
  try {
    const status = await file.stat();
    if (status.isDirectory()) throw new DocumentError('spec.unreadable', `${path}: is a folder; name the file in it`);
    if (status.size > MOST_BYTES) {
      throw new DocumentError('spec.too-large', `${path}: at most 1 MiB is read, this file has ${status.size} bytes`);
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
