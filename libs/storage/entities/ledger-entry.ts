import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Coordinator } from './coordinator.ts';
import { Experiment } from './experiment.ts';

/** One entry of an experiment's chain: `hash` is over content and predecessor, `signature` over the hash. */
@Entity('ledger')
@ForeignKey(() => Experiment, ['experimentId'], ['id'])
@ForeignKey(() => Coordinator, ['signedBy'], ['publicKey'])
@Check('ledger_entry', `"entry" >= 1`)
export class LedgerEntry {
  @PrimaryColumn('text')
  experimentId!: string;

  /** From 1, without gaps. */
  @PrimaryColumn('bigint')
  entry!: number;

  /** A table whose row it covers, or the fact that it stands for: `round.committed`. */
  @Column('text')
  kind!: string;

  /** The row or the fact: columns by their names, times in ISO 8601. */
  @Column('jsonb')
  covers!: unknown;

  @Column('text')
  previous!: string;

  @Column('text')
  hash!: string;

  @Column('text')
  signature!: string;

  @Column('text')
  signedBy!: string;

  @Column('timestamptz')
  recordedAt!: Date;
}
