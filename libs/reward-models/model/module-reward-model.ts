import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { explainIssues } from '#contracts';
import { RewardError } from '../reward-error.ts';
import { definitionSchema } from './define-reward-model.ts';
import type { RewardModel } from './reward-model.ts';

/** Opens a module whose default export is a reward model; its digest is the file's. */
export async function openModuleRewardModel(file: string): Promise<RewardModel> {
  const path = resolve(file);
  const digest = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  const exported = await importModule(path);
  const checked = definitionSchema.safeParse(exported.default);
  if (!checked.success) {
    const problems = explainIssues(checked.error).map((problem) => `${path}: the default export: ${problem}`);
    throw new RewardError('reward.folder', problems.join('\n'));
  }
  const { name, version, range, standardisation = { mean: 0, deviation: 1 } } = checked.data;
  return {
    card: { name, version, digest: `sha256:${digest}`, kind: 'module', range, standardisation },
    score: async (completions) => checked.data.score(completions),
    close: async () => {
      await checked.data.close?.();
    },
  };
}

async function importModule(path: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RewardError('reward.folder', `${path} cannot be imported: ${why}`, { cause });
  }
}
