import { basename, dirname, extname, resolve } from 'node:path';
import {
  experimentSpec,
  namesService,
  rewardModels,
  type DataSpec,
  type ExperimentSpec,
  type Problem,
} from '#contracts';
import { readDocument } from '#documents';
import { methods, unusedFields } from '#methods';

/** Reads an experiment's spec; its paths come back absolute, its name defaults to the file's. */
export async function readExperimentSpec(path: string): Promise<ExperimentSpec> {
  const file = resolve(path);
  const named = experimentSpec.safeExtend({ name: experimentSpec.shape.name.unwrap().default(nameAfter(file)) });
  const spec = await readDocument(file, named, 'method: pftt', idleFields);
  const folder = dirname(file);
  const rewards = Object.entries(rewardModels(spec.rewards)).map(
    ([reward, own]) =>
      [reward, { ...own, model: namesService(own.model) ? own.model : resolve(folder, own.model) }] as const,
  );
  return {
    ...spec,
    model: resolve(folder, spec.model),
    data: withAbsolutePaths(spec.data, folder),
    rewards: { ...spec.rewards, ...Object.fromEntries(rewards) },
  };
}

/** What is written though the method has no use for it; a method that does not exist is said elsewhere. */
function idleFields(written: unknown, { method: name }: { readonly method: string }): readonly Problem[] {
  const method = methods.find((known) => known.name === name);
  return method === undefined ? [] : unusedFields(method, written);
}

function withAbsolutePaths(data: DataSpec, folder: string): DataSpec {
  if (data.source === 'wordnet-topics') return data;
  if (data.source === 'sites') {
    const { test } = data;
    return test === undefined ? data : { ...data, test: { ...test, file: resolve(folder, test.file) } };
  }
  if (data.train === undefined) return data;
  const train = resolve(folder, data.train);
  return data.test === undefined ? { ...data, train } : { ...data, train, test: resolve(folder, data.test) };
}

function nameAfter(file: string): string {
  const plain = basename(file, extname(file))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return plain.slice(0, 60).replace(/-+$/, '') || 'experiment';
}
