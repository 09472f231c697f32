import type { DataOf, scoresRecorded } from '#contracts';
import { keyedDigest } from './keyed-digest.ts';
import type { JudgedAnswer } from './stored-scorer.ts';

/** What the coordinator is told of an answer: scores, and keyed digests of the texts, which stay at the site. */
export function recordedScores(
  { reward, firstPlace, question, version, digest, scores }: JudgedAnswer,
  site: string,
  key: Uint8Array,
): DataOf<typeof scoresRecorded> {
  const { request, round, iteration, client, model, items } = question;
  return {
    ...{ request, round, iteration, client, site, model, reward, firstPlace, version, digest },
    scores: items.map(({ prompt, completion }, i) => ({
      ...(scores[i] ?? { raw: null, standardised: null, refused: 'missing' as const }),
      prompt: keyedDigest(key, 'prompt', prompt),
      completion: keyedDigest(key, 'completion', completion),
    })),
  };
}
