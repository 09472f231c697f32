import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import { Experiment } from './experiment.ts';

/** A fact that was stated in the transaction of its cause and is still to be published. */
@Entity('outbox')
@ForeignKey(() => Experiment, ['experimentId'], ['id'])
@Index('outbox_of_experiment', ['experimentId', 'id'])
export class OutgoingFact {
  @PrimaryGeneratedColumn('identity', { generatedIdentity: 'ALWAYS', type: 'bigint' })
  id!: number;

  @Column('text')
  experimentId!: string;

  @Column('text')
  contract!: string;

  @Column('json')
  data!: unknown;

  /** The blob that travels along, by its digest. */
  @Column('text', { nullable: true })
  blob!: string | null;

  @Column('timestamptz')
  statedAt!: Date;
}
