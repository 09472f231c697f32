import { dirname, resolve } from 'node:path';
import { rewardSpec, type RewardSpec } from '#contracts';
import { readDocument } from '#documents';

/** Reads the spec of a reward model; its paths come back absolute. */
export async function readRewardSpec(path: string): Promise<RewardSpec> {
  const file = resolve(path);
  const absolute = (name: string): string => resolve(dirname(file), name);
  const spec = await readDocument(file, rewardSpec, 'model: ../models/tiny-encoder');
  return {
    ...spec,
    model: absolute(spec.model),
    out: absolute(spec.out),
    pairs: spec.pairs.map((pairs) => {
      if (pairs.source === 'wordnet-answers') return pairs;
      const train = absolute(pairs.train);
      return pairs.test === undefined ? { ...pairs, train } : { ...pairs, train, test: absolute(pairs.test) };
    }),
  };
}
