import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** A message that could not be handled, as it came, and why. */
@Entity('dead_letter')
@Unique('dead_letter_once', ['service', 'topic', 'partition', 'messageOffset'])
export class DeadLetter {
  @PrimaryGeneratedColumn('identity', { generatedIdentity: 'ALWAYS', type: 'bigint' })
  id!: number;

  /** Who could not handle it. */
  @Column('text')
  service!: string;

  @Column('text')
  topic!: string;

  /** Where in its topic it lay. */
  @Column('int')
  partition!: number;

  @Column('bigint')
  messageOffset!: number;

  @Column('text', { nullable: true })
  messageKey!: string | null;

  @Column('jsonb')
  headers!: Readonly<Record<string, string>>;

  @Column('bytea')
  body!: Uint8Array;

  /** As far as it could be read. */
  @Column('text', { nullable: true })
  experimentId!: string | null;

  @Column('text', { nullable: true })
  contract!: string | null;

  @Column('text')
  reasonCode!: string;

  @Column('text')
  reasonMessage!: string;

  @Column('timestamptz')
  recordedAt!: Date;

  @Column('timestamptz', { nullable: true })
  retriedAt!: Date | null;
}
