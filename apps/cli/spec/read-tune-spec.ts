import { dirname, resolve } from 'node:path';
import { tuneSpec, type TuneSpec } from '#contracts';
import { readDocument } from '#documents';

/** Reads an instruction-tuning spec; its paths come back absolute. */
export async function readTuneSpec(path: string): Promise<TuneSpec> {
  const file = resolve(path);
  const folder = dirname(file);
  const spec = await readDocument(file, tuneSpec, 'model: ../models/tiny-gpt2');
  const { data } = spec;
  const absolute = (name: string): string => resolve(folder, name);
  return {
    ...spec,
    model: absolute(spec.model),
    out: absolute(spec.out),
    data:
      data.source === 'instructions'
        ? data
        : { ...data, train: absolute(data.train), test: data.test === undefined ? undefined : absolute(data.test) },
  };
}
