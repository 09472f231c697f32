import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A reward model as it last announced itself, or as it was registered. */
@Entity('reward_model')
export class RewardModel {
  @PrimaryColumn('text')
  name!: string;

  @Column('text')
  version!: string;

  @Column('text')
  digest!: string;

  @Column('double precision')
  rangeLowest!: number;

  @Column('double precision')
  rangeHighest!: number;

  @Column('double precision')
  standardisationMean!: number;

  @Column('double precision')
  standardisationDeviation!: number;

  /** Where a run on this machine starts it from; null when it only announced itself. */
  @Column('text', { nullable: true })
  path!: string | null;

  @Column('timestamptz')
  firstSeenAt!: Date;

  @Column('timestamptz')
  lastSeenAt!: Date;

  /** From then on no new experiment may name it. */
  @Column('timestamptz', { nullable: true })
  retiredAt!: Date | null;
}
