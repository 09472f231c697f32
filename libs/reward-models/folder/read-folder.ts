import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { explainIssues } from '#contracts';
import type { Digest } from '#parameters';
import { RewardError } from '../reward-error.ts';
import { digestFolder } from './digest-folder.ts';
import { DESCRIPTION_FILE, MODEL_FILE, rewardDescription, type RewardDescription } from './reward-description.ts';

const MOST_BYTES = 1024 * 1024;

/** A reward model as its folder describes it, with the digest that its files have. */
export type DescribedReward = RewardDescription & { readonly digest: Digest };

/**
 * Reads reward.json of a folder and checks that the folder is whole. Throws RewardError `reward.folder`, naming the file, and
 * `reward.digest` when the files are not those that the digest was made of.
 */
export async function readRewardFolder(dir: string): Promise<DescribedReward> {
  const path = join(dir, DESCRIPTION_FILE);
  const parsed = rewardDescription.safeParse(await readJson(path));
  if (!parsed.success)
    throw new RewardError(
      'reward.folder',
      explainIssues(parsed.error)
        .map((problem) => `${path}: ${problem}`)
        .join('\n'),
    );
  await stat(join(dir, MODEL_FILE)).catch((cause: unknown) => {
    throw new RewardError('reward.folder', `${join(dir, MODEL_FILE)} is missing.`, { cause });
  });
  const digest = await digestFolder(dir, parsed.data);
  if (parsed.data.digest !== undefined && parsed.data.digest !== digest) {
    throw new RewardError(
      'reward.digest',
      `${dir} is not what ${DESCRIPTION_FILE} says: its files have the digest ${digest}, not ${parsed.data.digest}. Fetch or train it again, or, if you changed it on purpose, give it another version and remove the digest.`,
    );
  }
  return { ...parsed.data, digest };
}

/** Parses a reward.json. Throws RewardError `reward.folder`, naming the file. */
export async function readJson(path: string): Promise<unknown> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing
      ? 'is missing; a reward model is a folder with model.onnx, a tokenizer and reward.json'
      : 'cannot be read';
    throw new RewardError('reward.folder', `${path} ${why}.`, { cause });
  });
  try {
    const { size } = await file.stat();
    if (size > MOST_BYTES) throw new RewardError('reward.folder', `${path} has ${size} bytes; at most 1 MiB is read.`);
    return JSON.parse(await file.readFile('utf8'));
  } catch (cause) {
    if (cause instanceof RewardError) throw cause;
    throw new RewardError('reward.folder', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  } finally {
    await file.close();
  }
}
