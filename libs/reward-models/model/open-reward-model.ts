import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { explainIssues } from '#contracts';
import { readJson } from '../folder/read-folder.ts';
import { DESCRIPTION_FILE } from '../folder/reward-description.ts';
import { remoteDescription } from '../remote/remote-description.ts';
import { remoteRewardModel } from '../remote/remote-reward-model.ts';
import { RewardError } from '../reward-error.ts';
import { openModuleRewardModel } from './module-reward-model.ts';
import { openOnnxRewardModel } from './onnx-reward-model.ts';
import type { RewardModel } from './reward-model.ts';

/**
 * Opens a reward model from a folder with reward.json (an ONNX model, or the address of a server) or a module that exports one.
 * Close it after use. Throws RewardError `reward.folder` or `reward.digest`, or the model's own errors.
 */
export async function openRewardModel(path: string, options: { readonly threads?: number } = {}): Promise<RewardModel> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return openModuleRewardModel(path);
  if (found === undefined) throw new RewardError('reward.folder', `${path}: there is no such folder or file.`);
  const file = join(path, DESCRIPTION_FILE);
  const json = await readJson(file);
  if ((json as { readonly format?: unknown } | null)?.format !== 'airtune-reward-remote-1')
    return openOnnxRewardModel(path, options);
  const parsed = remoteDescription.safeParse(json);
  if (parsed.success) return remoteRewardModel(parsed.data);
  const problems = explainIssues(parsed.error, remoteDescription, json).map((problem) => `${file}: ${problem}`);
  throw new RewardError('reward.folder', problems.join('\n'));
}
