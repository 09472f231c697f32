import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Client } from './client.ts';
import { Round } from './round.ts';

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

  @Column('timestamptz')
  recordedAt!: Date;
}
