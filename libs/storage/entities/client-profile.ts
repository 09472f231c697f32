import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Client } from './client.ts';

/** How a client tunes, from a round on until the next version; of two from the same round the later one is in force. */
@Entity('client_profile')
@ForeignKey(() => Client, ['experimentId', 'client'], ['experimentId', 'name'])
@Check('client_profile_numbers', `"version" >= 1 AND "effective_from_round" >= 1 AND "lora_rank" >= 1`)
export class ClientProfile {
  @PrimaryColumn('text')
  experimentId!: string;

  @PrimaryColumn('text')
  client!: string;

  /** From 1. */
  @PrimaryColumn('int')
  version!: number;

  @Column('int')
  effectiveFromRound!: number;

  @Column('text')
  deviceClass!: string;

  @Column('int')
  loraRank!: number;

  @Column('double precision')
  loraAlpha!: number;

  /** `all`, or how many from the top. */
  @Column('text')
  loraBlocks!: string;

  /** Of every reward by its name; null where the method learns from labels. */
  @Column('jsonb', { nullable: true })
  rewardWeights!: Readonly<Record<string, number>> | null;

  @Column('timestamptz')
  recordedAt!: Date;
}
