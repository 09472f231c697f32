import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Round } from './round.ts';

/** That a reward model said it was there before a round opened, and as what. */
@Entity('reward_presence')
@ForeignKey(() => Round, ['experimentId', 'round'], ['experimentId', 'number'])
@Check('reward_presence_refused', `"refused" IN ('version-changed')`)
export class RewardPresence {
  @PrimaryColumn('text')
  experimentId!: string;

  @PrimaryColumn('int')
  round!: number;

  @PrimaryColumn('text')
  model!: string;

  @PrimaryColumn('text')
  digest!: string;

  @Column('text')
  version!: string;

  /** Why it does not count as there; null where it does. */
  @Column('text', { nullable: true })
  refused!: 'version-changed' | null;

  @Column('timestamptz')
  recordedAt!: Date;
}
