import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesService } from '#contracts';
import { permitModel } from './find-base.ts';
import { modelFolders } from './model-folders.ts';
import { permitPath } from './permit-path.ts';
import type { TrainerSettings } from './settings.ts';
import { TrainerError } from './trainer-error.ts';

const DESCRIPTION = 'reward.json';

/**
 * Where this site has a reward model: the spec's own path, or for one that the spec names as a service whichever folder under
 * the model roots calls itself so; `keeping` is a client that does not share its completions. Throws
 * `trainer.path-not-allowed` or `rewards.not-at-site`.
 */
export async function findRewardModel(
  model: string,
  { modelRoots, siteFile }: TrainerSettings,
  keeping: string | undefined,
): Promise<string> {
  const roots = [...(modelRoots ?? []), ...(siteFile?.models ?? [])];
  const permitted = modelRoots === undefined ? undefined : roots;
  if (!namesService(model)) return permitPath(model, 'model', permitted);
  for (const root of roots) {
    for await (const folder of modelFolders(root, DESCRIPTION)) {
      const permittedFolder = await permitModel(folder, permitted).catch(() => undefined);
      if (permittedFolder !== undefined && (await nameIn(permittedFolder)) === model) return permittedFolder;
    }
  }
  throw new TrainerError(
    'rewards.not-at-site',
    `${keeping ?? 'A client'} does not share its completions, and this site has no reward model ${model} to judge them: set profiles.${keeping ?? 'CLIENT'}.shareCompletions to true, or put the model's folder under this site's model roots (AIRTUNE_MODEL_ROOTS).`,
  );
}

/** The name in a reward.json; what cannot be read has none. */
async function nameIn(folder: string): Promise<unknown> {
  try {
    return (JSON.parse(await readFile(join(folder, DESCRIPTION), 'utf8')) as { readonly name?: unknown }).name;
  } catch {
    return undefined;
  }
}
