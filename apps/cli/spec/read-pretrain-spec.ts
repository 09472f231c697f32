import { dirname, resolve } from 'node:path';
import { pretrainSpec, type PretrainSpec } from '#contracts';
import { readDocument } from '#documents';

/** Reads a pre-training spec; its paths come back absolute. */
export async function readPretrainSpec(path: string): Promise<PretrainSpec> {
  const file = resolve(path);
  const folder = dirname(file);
  const spec = await readDocument(file, pretrainSpec, 'out: my-encoder');
  const { text } = spec;
  return {
    ...spec,
    out: resolve(folder, spec.out),
    text: text.source === 'text' ? { ...text, files: text.files.map((name) => resolve(folder, name)) } : text,
  };
}
