import type { PreferencePair } from '#datasets';
import type { Tokenizer } from '#language-models';
import { encodePair } from '../scoring/encode-pair.ts';

/** A ranked pair as token ids, prompt included. */
export interface TokenisedPair {
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
}

export function tokenisePair(tokenizer: Tokenizer, pair: PreferencePair, maxTokens: number): TokenisedPair {
  const encode = (completion: string): number[] =>
    encodePair(tokenizer, { prompt: pair.prompt, completion }, { maxTokens });
  return { chosen: encode(pair.chosen), rejected: encode(pair.rejected) };
}

/** Tokens of the longer of the two. */
export function pairLength({ chosen, rejected }: TokenisedPair): number {
  return Math.max(chosen.length, rejected.length);
}
