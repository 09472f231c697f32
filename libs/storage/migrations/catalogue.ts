import { FirstRecord1764000000000 } from './1764000000000-first-record.ts';
import { ProvableHistory1764100000000 } from './1764100000000-provable-history.ts';
import { SignedEnrolments1764200000000 } from './1764200000000-signed-enrolments.ts';
import { PlacedDeadLetters1764300000000 } from './1764300000000-placed-dead-letters.ts';
import { SitesAndViews1764400000000 } from './1764400000000-sites-and-views.ts';
import { RewardsOfEvaluations1764500000000 } from './1764500000000-rewards-of-evaluations.ts';
import { UnmeasuredEvaluations1764720000000 } from './1764720000000-unmeasured-evaluations.ts';
import { ChangingProfiles1764730000000 } from './1764730000000-changing-profiles.ts';
import { SparseRounds1764740000000 } from './1764740000000-sparse-rounds.ts';
import { Scores1764750000000 } from './1764750000000-scores.ts';
import { EnrolmentsInTime1764755000000 } from './1764755000000-enrolments-in-time.ts';
import { Rollouts1764760000000 } from './1764760000000-rollouts.ts';
import { RewardModels1764770000000 } from './1764770000000-reward-models.ts';
import { BasePrecisions1764780000000 } from './1764780000000-base-precisions.ts';
import { OwnDecoders1764790000000 } from './1764790000000-own-decoders.ts';

/** Every migration, oldest first; a released one is never changed. */
export const migrations = [
  FirstRecord1764000000000,
  ProvableHistory1764100000000,
  SignedEnrolments1764200000000,
  PlacedDeadLetters1764300000000,
  SitesAndViews1764400000000,
  RewardsOfEvaluations1764500000000,
  UnmeasuredEvaluations1764720000000,
  ChangingProfiles1764730000000,
  SparseRounds1764740000000,
  Scores1764750000000,
  EnrolmentsInTime1764755000000,
  Rollouts1764760000000,
  RewardModels1764770000000,
  BasePrecisions1764780000000,
  OwnDecoders1764790000000,
] as const;
