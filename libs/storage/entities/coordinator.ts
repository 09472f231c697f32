import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key that has signed entries of this record. */
@Entity('coordinator')
export class Coordinator {
  @PrimaryColumn('text')
  publicKey!: string;

  @Column('timestamptz')
  firstSeenAt!: Date;
}
