import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ModelError } from '../model-error.ts';
import { readJsonFile } from './read-json-file.ts';

/** The parsed config.json of a Hugging Face folder and where it is. Throws ModelError `model.folder-missing`, `model.config-*` or `model.already-quantised`. */
export async function readConfigJson(dir: string): Promise<{ readonly json: unknown; readonly path: string }> {
  await requireFolder(dir);
  const path = join(dir, 'config.json');
  const json = await readJsonFile(path, 'model.config');
  if (typeof json === 'object' && json !== null && 'quantization_config' in json)
    throw new ModelError(
      'model.already-quantised',
      `${path}: this model is quantised already (quantization_config); give the folder that it was made from, Airtune quantises when it opens a base`,
    );
  return { json, path };
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
