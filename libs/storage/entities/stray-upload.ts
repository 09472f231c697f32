import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Experiment } from './experiment.ts';

/** A refused upload that names a round or a client of which the record knows nothing: claims, none of them checked. */
@Entity('stray_upload')
@ForeignKey(() => Experiment, ['experimentId'], ['id'])
export class StrayUpload {
  @PrimaryColumn('text')
  experimentId!: string;

  @PrimaryColumn('int')
  round!: number;

  @PrimaryColumn('text')
  client!: string;

  @PrimaryColumn('text')
  digest!: string;

  @Column('text')
  reasonCode!: string;

  @Column('text')
  reasonMessage!: string;

  @Column('timestamptz')
  recordedAt!: Date;
}
