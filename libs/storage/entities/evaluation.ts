import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Client } from './client.ts';

/** How good one of a client's models was after a number of rounds; 0 is before any training. */
@Entity('evaluation')
@ForeignKey(() => Client, ['experimentId', 'client'], ['experimentId', 'name'])
@Check('evaluation_accuracies', `"personal_accuracy" BETWEEN 0 AND 1 AND "general_accuracy" BETWEEN 0 AND 1`)
@Check('evaluation_after_round', `"after_round" >= 0`)
export class Evaluation {
  @PrimaryColumn('text')
  experimentId!: string;

  @PrimaryColumn('text')
  client!: string;

  @PrimaryColumn('int')
  afterRound!: number;

  /** `federated`, or the baseline's name. */
  @PrimaryColumn('text')
  arm!: string;

  @Column('text')
  sharedDigest!: string;

  @Column('text')
  personalDigest!: string;

  @Column('int')
  personalCorrect!: number;

  @Column('int')
  personalExamples!: number;

  @Column('double precision')
  personalAccuracy!: number;

  /** Mean cross-entropy, in nats. */
  @Column('double precision')
  personalLossNats!: number;

  @Column('int')
  generalCorrect!: number;

  @Column('int')
  generalExamples!: number;

  @Column('double precision')
  generalAccuracy!: number;

  @Column('double precision')
  generalLossNats!: number;

  @Column('timestamptz')
  recordedAt!: Date;
}
