import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Client } from './client.ts';
import { Round } from './round.ts';

/** What a round of learning from rewards drew, and what that was worth: `weighted` by the client's weights, then each reward. */
export interface RecordedRollouts {
  readonly iterations: number;
  readonly completions: number;
  readonly tokens: number;
  readonly weighted: number;
  readonly components: Readonly<Record<string, number>>;
  readonly emptyCompletions: number;
  readonly limitedScores: number;
  readonly tooLongPrompts: number;
  readonly endedEarly?: string | undefined;
}

/** What a client says of its training in a round, whether or not its upload arrives. */
@Entity('local_training')
@ForeignKey(() => Round, ['experimentId', 'round'], ['experimentId', 'number'])
@ForeignKey(() => Client, ['experimentId', 'client'], ['experimentId', 'name'])
@Check('local_training_numbers', `"steps" >= 0 AND "examples" >= 1`)
export class LocalTraining {
  @PrimaryColumn('text')
  experimentId!: string;

  @PrimaryColumn('int')
  round!: number;

  @PrimaryColumn('text')
  client!: string;

  /** The shared tensors that it sent. */
  @Column('text')
  digest!: string;

  @Column('bigint')
  bytes!: number;

  @Column('int')
  examples!: number;

  @Column('int')
  steps!: number;

  /** Mean cross-entropy of a batch, in nats. */
  @Column('double precision')
  firstLossNats!: number;

  @Column('double precision')
  lastLossNats!: number;

  @Column('double precision')
  meanLossNats!: number;

  /** Of a client that learns from rewards: mean KL of a completion to the reference policy. */
  @Column('double precision', { nullable: true })
  klNats!: number | null;

  /** ‖θ − θ_global‖² over the shared tensors at the end of the round; it is no part of any reward. */
  @Column('double precision', { nullable: true })
  squaredDistance!: number | null;

  @Column('jsonb', { nullable: true })
  rollouts!: RecordedRollouts | null;

  @Column('timestamptz')
  recordedAt!: Date;
}
