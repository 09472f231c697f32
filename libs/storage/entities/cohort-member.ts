import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Client } from './client.ts';
import { Round } from './round.ts';

/** That a client was chosen for a round, and what was known of its link when it was. */
@Entity('cohort_member')
@ForeignKey(() => Round, ['experimentId', 'round'], ['experimentId', 'number'])
@ForeignKey(() => Client, ['experimentId', 'client'], ['experimentId', 'name'])
export class CohortMember {
  @PrimaryColumn('text')
  experimentId!: string;

  @PrimaryColumn('int')
  round!: number;

  @PrimaryColumn('text')
  client!: string;

  @Column('text')
  site!: string;

  /** Mean Es/N0 over small-scale fading. */
  @Column('double precision')
  meanSnrUplinkDb!: number;

  @Column('double precision')
  meanSnrDownlinkDb!: number;

  @Column('double precision')
  ergodicUplinkBitsPerSecondPerHz!: number;

  @Column('double precision')
  ergodicDownlinkBitsPerSecondPerHz!: number;

  /** The part of the channels that it was to train and send; null where all of them are. */
  @Column('double precision', { nullable: true })
  keep!: number | null;
}
