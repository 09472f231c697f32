import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Client } from './client.ts';
import type { RecordedRollouts } from './local-training.ts';

/** Means over completions of held-out instructions, of standardised scores: `weighted` by the client's weights, `mean` by the spec's. */
export interface RecordedReward {
  readonly completions: number;
  readonly emptyCompletions: number;
  readonly weighted: number;
  readonly mean: number;
  readonly components: Readonly<Record<string, number>>;
  /** The weighted reward of each of the first instructions. */
  readonly each?: readonly number[] | undefined;
}

/** How a client tuned once more for itself. */
export interface RecordedTuning extends RecordedRollouts {
  /** Mean KL of a completion to the reference policy. */
  readonly kl: number;
  /** ‖θ − θ_shared‖² at the end. */
  readonly squaredDistance: number;
}

/** How good one of a client's models was after a number of rounds; 0 is before any training. */
@Entity('evaluation')
@ForeignKey(() => Client, ['experimentId', 'client'], ['experimentId', 'name'])
@Check('evaluation_accuracies', `"personal_accuracy" BETWEEN 0 AND 1 AND "general_accuracy" BETWEEN 0 AND 1`)
@Check(
  'evaluation_measured',
  `("personal_accuracy" IS NOT NULL OR "reward" IS NOT NULL) = ("unmeasured_reason" IS NULL)`,
)
@Check('evaluation_own', `num_nonnulls("tuning", "untuned_reason") = CASE WHEN "arm" = 'own' THEN 1 ELSE 0 END`)
@Check('evaluation_after_round', `"after_round" >= 0`)
export class Evaluation {
  @PrimaryColumn('text')
  experimentId!: string;

  @PrimaryColumn('text')
  client!: string;

  @PrimaryColumn('int')
  afterRound!: number;

  /** `federated`, or `own`: what the client made of that for itself at the end; or the baseline's name. */
  @PrimaryColumn('text')
  arm!: string;

  @Column('text')
  sharedDigest!: string;

  @Column('text')
  personalDigest!: string;

  @Column('int', { nullable: true })
  personalCorrect!: number | null;

  @Column('int', { nullable: true })
  personalExamples!: number | null;

  @Column('double precision', { nullable: true })
  personalAccuracy!: number | null;

  /** Mean cross-entropy, in nats. */
  @Column('double precision', { nullable: true })
  personalLossNats!: number | null;

  @Column('int', { nullable: true })
  generalCorrect!: number | null;

  @Column('int', { nullable: true })
  generalExamples!: number | null;

  @Column('double precision', { nullable: true })
  generalAccuracy!: number | null;

  @Column('double precision', { nullable: true })
  generalLossNats!: number | null;

  /** Of a model that learns from rewards; such a model has no accuracy. */
  @Column('jsonb', { nullable: true })
  reward!: RecordedReward | null;

  /** Why nothing was measured; null where something was. */
  @Column('text', { nullable: true })
  unmeasuredReason!: string | null;

  /** Of the arm `own` alone: how the client tuned for itself, or why it did not and keeps what is shared. */
  @Column('jsonb', { nullable: true })
  tuning!: RecordedTuning | null;

  @Column('text', { nullable: true })
  untunedReason!: string | null;

  @Column('timestamptz')
  recordedAt!: Date;
}
