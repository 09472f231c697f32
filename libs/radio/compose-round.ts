import type { Transmission } from './transmit.ts';

/** A crossing that is to be counted: whose it was and what it cost. */
export interface RoundCrossing extends Pick<Transmission, 'delayMs' | 'airtimeMs' | 'energyJ'> {
  readonly client: string;
}

export interface RoundCost {
  /** The slowest client's delays, one after the other: clients have channels of their own and do not wait for each other. */
  readonly delayMs: number;
  /** Of all crossings. */
  readonly airtimeMs: number;
  readonly energyJ: number;
}

/** Adds up a round's crossings, both directions, lost ones too; the order does not matter but for rounding. */
export function composeRound(crossings: Iterable<RoundCrossing>): RoundCost {
  const delayOf = new Map<string, number>();
  let airtimeMs = 0;
  let energyJ = 0;
  for (const crossing of crossings) {
    delayOf.set(crossing.client, (delayOf.get(crossing.client) ?? 0) + crossing.delayMs);
    airtimeMs += crossing.airtimeMs;
    energyJ += crossing.energyJ;
  }
  const delayMs = [...delayOf.values()].reduce((slowest, delay) => Math.max(slowest, delay), 0);
  return { delayMs, airtimeMs, energyJ };
}
