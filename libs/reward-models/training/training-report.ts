import type { Digest } from '#parameters';
import type { StepsProgress } from '#tuning';
import type { RewardDescription, ScoreRange } from '../folder/reward-description.ts';
import type { Calibration } from './calibration.ts';
import type { PairAccuracy } from './pair-accuracy.ts';

/** What happens while a reward model is trained, in this order. */
export type RewardTrainingProgress =
  | { readonly phase: 'pairs'; readonly train: number; readonly heldOut: number; readonly notes: readonly string[] }
  | { readonly phase: 'tokenised'; readonly pairs: number }
  | StepsProgress<{ readonly accuracy: number }>;

/** What came of it; accuracy and calibration are those of the folder that was written, on pairs that were held out. */
export interface RewardTrainingReport extends Calibration {
  readonly name: string;
  readonly version: string;
  readonly out: string;
  readonly digest: Digest;
  /** Pairs that were read: trained on or held out. */
  readonly pairs: number;
  readonly trainPairs: number;
  readonly heldOutPairs: number;
  readonly pairAccuracy: number;
  readonly pairAccuracyInterval: PairAccuracy['interval'];
  readonly sources: NonNullable<RewardDescription['training']>['sources'];
  readonly standardisation: RewardDescription['standardisation'];
  readonly range: ScoreRange;
  readonly steps: number;
  /** Mean over the latest 100 steps, nats. */
  readonly trainLoss: number;
  readonly parameters: number;
  readonly dataDigest: Digest;
  readonly notes: readonly string[];
}
