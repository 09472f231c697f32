import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestCheckpoint } from '#language-models';
import type { Digest } from '#parameters';
import type { Submission } from './experiment-file.ts';
import { modelFolders } from './model-folders.ts';
import { permitPath } from './permit-path.ts';
import type { TrainerSettings } from './settings.ts';
import { TrainerError } from './trainer-error.ts';

/**
 * The folder in which this site has the base that an experiment was submitted with: the spec's own path, or whichever folder
 * under the model roots holds a model of that digest. Throws `trainer.path-not-allowed`, `trainer.other-base`, or what is
 * wrong with the model.
 */
export async function findBase({ spec, base }: Submission, settings: TrainerSettings): Promise<string> {
  const { modelRoots, siteFile } = settings;
  const roots = [...(modelRoots ?? []), ...(siteFile?.models ?? [])];
  const permitted = modelRoots === undefined ? undefined : roots;
  let problem: unknown;
  try {
    const folder = await permitModel(spec.model, permitted);
    const found = await digestCheckpoint(folder);
    if (found === base.digest) return folder;
    problem = new TrainerError(
      'trainer.other-base',
      `The model in ${spec.model} is ${found}, the experiment was submitted with ${base.digest}: copy the same files here.`,
    );
  } catch (error) {
    problem = error;
  }
  const elsewhere = await searchBase(roots, base.digest, permitted);
  if (elsewhere !== undefined) return elsewhere;
  throw problem;
}

/** The folder itself, with everything in it: a link in it must not lead out either. */
export async function permitModel(path: string, roots: readonly string[] | undefined): Promise<string> {
  const folder = await permitPath(path, 'model', roots);
  if (roots !== undefined) {
    for (const name of await readdir(folder).catch(() => [])) await permitPath(join(folder, name), 'model', roots);
  }
  return folder;
}

async function searchBase(
  roots: readonly string[],
  digest: Digest,
  permitted: readonly string[] | undefined,
): Promise<string | undefined> {
  for (const root of roots) {
    for await (const folder of modelFolders(root, 'config.json')) {
      // What cannot be read as a model is none, or not this one.
      const found = await permitModel(folder, permitted)
        .then(digestCheckpoint)
        .catch(() => undefined);
      if (found === digest) return folder;
    }
  }
  return undefined;
}
