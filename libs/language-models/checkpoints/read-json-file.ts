import { open } from 'node:fs/promises';

import { isMissingFile, ModelError, wordsOf } from '../model-error.ts';

// Large tokenizer.json files (XLM-R's) have 17 MB; what exceeds this is not a JSON file of a model.
const MOST_BYTES = 256 * 1024 * 1024;

/** Parses a JSON file. Throws ModelError `<code>-missing`, `<code>-unreadable` or `<code>-invalid`, naming the path. */
export async function readJsonFile(path: string, code: string): Promise<unknown> {
  const text = await readTextFile(path, code);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new ModelError(`${code}-invalid`, `${path} is not valid JSON: ${wordsOf(cause)}`, { cause });
  }
}

/** Reads a UTF-8 file of bounded size. Throws ModelError `<code>-missing`, `<code>-unreadable` or `<code>-invalid`, naming the path. */
export async function readTextFile(path: string, code: string): Promise<string> {
  const file = await openToRead(path, code);
  try {
    const { size } = await file.stat();
    if (size > MOST_BYTES)
      throw new ModelError(`${code}-invalid`, `${path} has ${size} bytes; at most ${MOST_BYTES} are read`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function openToRead(path: string, code: string) {
  try {
    return await open(path, 'r');
  } catch (cause) {
    if (isMissingFile(cause)) throw new ModelError(`${code}-missing`, `${path} is missing`, { cause });
    throw new ModelError(`${code}-unreadable`, `${path} cannot be read: ${wordsOf(cause)}`, { cause });
  }
}
