import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ModelError } from '../model-error.ts';
import { readJsonFile } from './read-json-file.ts';

/** The parsed config.json of a Hugging Face folder and where it is. Throws ModelError `model.folder-missing` or `model.config-*`. */
export async function readConfigJson(dir: string): Promise<{ readonly json: unknown; readonly path: string }> {
  await requireFolder(dir);
  const path = join(dir, 'config.json');
  return { json: await readJsonFile(path, 'model.config'), path };
}

async function requireFolder(dir: string): Promise<void> {
  const found = await stat(dir).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  const what = found === undefined ? 'there is no such folder' : 'this is a file';
  throw new ModelError(
    'model.folder-missing',
    `${dir}: ${what}; a model is a Hugging Face folder with config.json, model.safetensors and a tokenizer`,
  );
}
