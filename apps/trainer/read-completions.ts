import { readFile } from 'node:fs/promises';
import { completionKey, keyedDigest, ScoreStore } from '#reward-models';
import type { Digest } from '#parameters';
import { digestKeyPath } from './digest-key.ts';
import { scoresFolder } from './site-folders.ts';

/** Texts that a site had judged, with the digests by which the record knows them. */
export interface JudgedCompletion {
  readonly request: string;
  readonly prompt: string;
  readonly completion: string;
  readonly promptDigest: Digest;
  readonly completionDigest: Digest;
}

/** What reward models were asked in an experiment, all of it or in these requests, as this site keeps it; empty where it never asked. */
export async function readCompletions(
  home: string,
  site: string,
  experiment: string,
  only?: ReadonlySet<string>,
): Promise<JudgedCompletion[]> {
  const questions = await new ScoreStore(scoresFolder(home, site, experiment)).questions(only);
  if (questions.length === 0) return [];
  const key = completionKey(await readFile(digestKeyPath(home, site)), experiment);
  return questions.flatMap(({ request, items }) =>
    items.map(({ prompt, completion }) => ({
      request,
      prompt,
      completion,
      promptDigest: keyedDigest(key, 'prompt', prompt),
      completionDigest: keyedDigest(key, 'completion', completion),
    })),
  );
}
