import { Check, Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import { Client } from './client.ts';
import { Round } from './round.ts';

/** What came of a client's part in a round: an upload that counts, one that was refused, or one withheld. */
@Entity('contribution')
@ForeignKey(() => Round, ['experimentId', 'round'], ['experimentId', 'number'])
@ForeignKey(() => Client, ['experimentId', 'client'], ['experimentId', 'name'])
@Check('contribution_verdict', `"verdict" IN ('accepted', 'refused', 'withheld')`)
@Check('contribution_accepted', `("verdict" = 'accepted') = ("weight" IS NOT NULL)`)
@Check('contribution_reason', `("verdict" = 'accepted') = ("reason_code" IS NULL)`)
@Check('contribution_upload', `("verdict" = 'withheld') = ("digest" IS NULL)`)
@Index('contribution_digest', ['digest'])
@Index('contribution_accepted_once', ['experimentId', 'round', 'client'], {
  unique: true,
  where: `"verdict" = 'accepted'`,
})
@Index('contribution_withheld_once', ['experimentId', 'round', 'client'], {
  unique: true,
  where: `"verdict" = 'withheld'`,
})
@Index('contribution_refused_once', ['experimentId', 'round', 'client', 'digest', 'reasonCode'], {
  unique: true,
  where: `"verdict" = 'refused'`,
})
export class Contribution {
  @PrimaryGeneratedColumn('identity', { generatedIdentity: 'ALWAYS', type: 'bigint' })
  id!: number;

  @Column('text')
  experimentId!: string;

  @Column('int')
  round!: number;

  @Column('text')
  client!: string;

  @Column('text')
  verdict!: 'accepted' | 'refused' | 'withheld';

  @Column('text', { nullable: true })
  digest!: string | null;

  @Column('bigint', { nullable: true })
  bytes!: number | null;

  @Column('int', { nullable: true })
  examples!: number | null;

  /** Its weight in the sum, before division by the sum of all weights. */
  @Column('double precision', { nullable: true })
  weight!: number | null;

  @Column('text', { nullable: true })
  reasonCode!: string | null;

  @Column('text', { nullable: true })
  reasonMessage!: string | null;

  /** The global model that the client says it started from. */
  @Column('text', { nullable: true })
  answers!: string | null;

  /** The last head of the ledger that its site had seen. */
  @Column('text', { nullable: true })
  head!: string | null;

  /** Its site's Ed25519 signature, base64url. */
  @Column('text', { nullable: true })
  signature!: string | null;

  @Column('timestamptz')
  recordedAt!: Date;
}
