import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Client } from './client.ts';
import { Round } from './round.ts';

/** One crossing of the wireless link. Times are simulated, energy is the transmitter's. */
@Entity('transmission')
@ForeignKey(() => Round, ['experimentId', 'round'], ['experimentId', 'number'])
@ForeignKey(() => Client, ['experimentId', 'client'], ['experimentId', 'name'])
@Check('transmission_direction', `"direction" IN ('uplink', 'downlink')`)
@Check('transmission_outcome', `"outcome" IN ('delivered', 'lost')`)
@Check('transmission_reason', `("outcome" = 'lost') = ("reason" IS NOT NULL)`)
@Check('transmission_costs', `"bits" >= 0 AND "delay_ms" >= 0 AND "airtime_ms" >= 0 AND "energy_j" >= 0`)
export class Transmission {
  @PrimaryColumn('text')
  experimentId!: string;

  @PrimaryColumn('int')
  round!: number;

  @PrimaryColumn('text')
  client!: string;

  @PrimaryColumn('text')
  direction!: 'uplink' | 'downlink';

  /** Es/N0. */
  @Column('double precision')
  meanSnrDb!: number;

  /** Coherence blocks that it took. */
  @Column('int')
  blocks!: number;

  @Column('int')
  attempts!: number;

  @Column('double precision')
  bits!: number;

  @Column('double precision')
  bitsDelivered!: number;

  @Column('double precision')
  delayMs!: number;

  @Column('double precision')
  airtimeMs!: number;

  @Column('double precision')
  energyJ!: number;

  @Column('text')
  outcome!: 'delivered' | 'lost';

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('timestamptz')
  recordedAt!: Date;
}
