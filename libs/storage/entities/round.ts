import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Experiment } from './experiment.ts';

export type RecordedStage = 'planned' | 'open' | 'committed' | 'abandoned' | 'evaluated';

/** One round: what it started from, how it ended, and what it made. */
@Entity('round')
@ForeignKey(() => Experiment, ['experimentId'], ['id'])
@Index('round_open', ['timesOutAt'], { where: `"stage" = 'open'` })
@Check('round_number', `"number" >= 1`)
@Check('round_purpose', `"purpose" IN ('training', 'evaluation')`)
@Check('round_stage', `"stage" IN ('planned', 'open', 'committed', 'abandoned', 'evaluated')`)
@Check('round_closed', `("stage" IN ('planned', 'open')) = ("closed_at" IS NULL)`)
@Check('round_abandoned', `("stage" = 'abandoned') = ("abandon_reason" IS NOT NULL)`)
export class Round {
  @PrimaryColumn('text')
  experimentId!: string;

  @PrimaryColumn('int')
  number!: number;

  @Column('text')
  purpose!: 'training' | 'evaluation';

  @Column('text')
  stage!: RecordedStage;

  /** The shared tensors that were sent down. */
  @Column('text')
  globalBeforeDigest!: string;

  @Column('bigint')
  globalBeforeBytes!: number;

  /** The announced order of channels, as on the wire; null where all of them are sent. */
  @Column('text', { nullable: true })
  channelOrder!: string | null;

  @Column('text', { nullable: true })
  globalAfterDigest!: string | null;

  @Column('bigint', { nullable: true })
  globalAfterBytes!: number | null;

  /** Simulated time: what is not through by then is lost. */
  @Column('double precision')
  deadlineMs!: number;

  /** Whether the wall clock closed it, and who had not answered. */
  @Column('boolean', { default: false })
  timedOut!: boolean;

  @Column('jsonb', { default: [] })
  missingClients!: readonly string[];

  @Column('text', { nullable: true })
  abandonReason!: string | null;

  @Column('timestamptz')
  plannedAt!: Date;

  @Column('timestamptz', { nullable: true })
  openedAt!: Date | null;

  /** When the wall clock will close it, by the database's clock. */
  @Column('timestamptz', { nullable: true })
  timesOutAt!: Date | null;

  /** When the last answer had come in; from then on it is being closed. */
  @Column('timestamptz', { nullable: true })
  answeredAt!: Date | null;

  /** When its reward models were last asked whether they are there, by the database's clock; null where none is a service. */
  @Column('timestamptz', { nullable: true })
  rewardsAskedAt!: Date | null;

  /** How often they were waited for in vain. */
  @Column('int', { default: 0 })
  rewardWaits!: number;

  /** The rewards that it was judged without. */
  @Column('jsonb', { default: [] })
  leftOutRewards!: readonly string[];

  @Column('timestamptz', { nullable: true })
  closedAt!: Date | null;
}
