import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** A site that may enrol clients: whoever uses its name must hold its key. */
@Entity('site')
@Check('site_trusted', `"trusted" IN ('by-operator', 'on-first-use')`)
export class Site {
  @PrimaryColumn('text')
  name!: string;

  /** Ed25519, base64url. */
  @Column('text')
  publicKey!: string;

  @Column('text')
  trusted!: 'by-operator' | 'on-first-use';

  @Column('timestamptz')
  addedAt!: Date;
}
