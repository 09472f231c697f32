import type { Digest } from '#parameters';
import type { ScoreRange } from '../folder/reward-description.ts';
import type { Completion } from '../scoring/encode-pair.ts';

/** What is said of a reward model wherever it answers. */
export interface RewardCard {
  readonly name: string;
  readonly version: string;
  /** Of what decides the scores: files, or for a server elsewhere what is asked of it. */
  readonly digest: Digest;
  readonly kind: 'onnx' | 'http' | 'module';
  /** What raw scores can be. */
  readonly range: ScoreRange;
  /** standardised = (raw − mean) / deviation. */
  readonly standardisation: { readonly mean: number; readonly deviation: number };
}

/** A reward model, however it computes: raw scores of completions, one each, in their order. */
export interface RewardModel {
  readonly card: RewardCard;
  score(completions: readonly Completion[]): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** One score as it is said on the wire; a number that is not finite has no JSON and is null. */
export interface Score {
  readonly raw: number | null;
  readonly standardised: number | null;
}

/** A raw score with its standardised value. */
export function standardise(raw: number | undefined, { standardisation }: Pick<RewardCard, 'standardisation'>): Score {
  if (raw === undefined || !Number.isFinite(raw)) return { raw: null, standardised: null };
  return { raw, standardised: (raw - standardisation.mean) / standardisation.deviation };
}

/** Why a score cannot be used; undefined when it can. */
export function refusalOf(
  score: Score | undefined,
  range: ScoreRange,
): 'missing' | 'not-finite' | 'out-of-range' | undefined {
  if (score === undefined) return 'missing';
  if (score.raw === null || score.standardised === null) return 'not-finite';
  return score.raw < range.lowest || score.raw > range.highest ? 'out-of-range' : undefined;
}
