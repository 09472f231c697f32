import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

export type ExperimentState = 'enrolling' | 'running' | 'finished' | 'failed' | 'cancelled';

/** One run of a spec, from submission to its last evaluation. */
@Entity('experiment')
@Check('experiment_state', `"state" IN ('enrolling', 'running', 'finished', 'failed', 'cancelled')`)
@Check('experiment_rounds', `"rounds" >= 1`)
@Check('experiment_failure', `("state" = 'failed') = ("failure_code" IS NOT NULL)`)
export class Experiment {
  @PrimaryColumn('text')
  id!: string;

  @Column('text')
  name!: string;

  @Column('text')
  method!: string;

  @Column('bigint')
  seed!: number;

  @Column('int')
  rounds!: number;

  /** The spec with every default filled in. */
  @Column('jsonb')
  spec!: unknown;

  /** Digest, config, tensor manifest and initial shared tensors of the base model; never its weights. */
  @Column('jsonb')
  base!: unknown;

  @Column('text')
  state!: ExperimentState;

  /** The shared tensors as they are now. */
  @Column('text')
  globalDigest!: string;

  @Column('bigint')
  globalBytes!: number;

  @Column('text', { nullable: true })
  failureCode!: string | null;

  @Column('text', { nullable: true })
  failureMessage!: string | null;

  /** Goes up with every change of the experiment's rounds and history: what is in memory holds for one revision. */
  @Column('bigint', { default: 0 })
  revision!: number;

  /** When those who have not enrolled are named as missing, by the database's clock. */
  @Column('timestamptz', { nullable: true })
  enrolmentDueAt!: Date | null;

  @Column('timestamptz')
  submittedAt!: Date;

  @Column('timestamptz', { nullable: true })
  endedAt!: Date | null;
}
