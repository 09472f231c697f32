import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Client } from './client.ts';
import { Round } from './round.ts';

/**
 * One reward of one completion, as the reward model gave it. Texts stay at the client's site: they stand here as digests
 * keyed by a secret of that site.
 */
@Entity('score')
@ForeignKey(() => Round, ['experimentId', 'round'], ['experimentId', 'number'])
@ForeignKey(() => Client, ['experimentId', 'client'], ['experimentId', 'name'])
@Check('score_numbers', `"iteration" >= 0 AND "place" >= 0`)
@Check('score_used', `"refused" IS NOT NULL OR ("raw" IS NOT NULL AND "standardised" IS NOT NULL)`)
@Check('score_refused', `"refused" IN ('missing', 'not-finite', 'out-of-range')`)
@Index('score_of_round', ['experimentId', 'round', 'client'])
export class Score {
  @PrimaryColumn('text')
  experimentId!: string;

  /** The request that was answered, by the digest of what it asked. */
  @PrimaryColumn('text')
  request!: string;

  /** The reward's name in the spec. */
  @PrimaryColumn('text')
  reward!: string;

  /** Which of the completions that were drawn together, from 0. */
  @PrimaryColumn('int')
  place!: number;

  @Column('int')
  round!: number;

  /** Of the round's rollouts; 0 is the evaluation before them. */
  @Column('int')
  iteration!: number;

  @Column('text')
  client!: string;

  @Column('text')
  model!: string;

  @Column('text')
  modelVersion!: string;

  @Column('text')
  modelDigest!: string;

  @Column('text')
  promptDigest!: string;

  @Column('text')
  completionDigest!: string;

  /** null where the model gave no finite number. */
  @Column('double precision', { nullable: true })
  raw!: number | null;

  @Column('double precision', { nullable: true })
  standardised!: number | null;

  /** Why the score was not used; null where it was. */
  @Column('text', { nullable: true })
  refused!: 'missing' | 'not-finite' | 'out-of-range' | null;

  @Column('timestamptz')
  recordedAt!: Date;
}
