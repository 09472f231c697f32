import type { Connection } from '../connection.ts';

/** How many there are in the whole record, by outcome. */
export interface Totals {
  readonly experiments: Readonly<Record<string, number>>;
  readonly rounds: Readonly<Record<string, number>>;
  /** `uplink delivered`, `downlink lost` … */
  readonly crossings: Readonly<Record<string, number>>;
  /** `accepted`, `refused`, `withheld`. */
  readonly contributions: Readonly<Record<string, number>>;
}

const COUNTS = `
  SELECT 'experiments' AS what, state AS outcome, count(*)::int AS number FROM airtune.experiment GROUP BY state
  UNION ALL SELECT 'rounds', stage, count(*)::int FROM airtune.round GROUP BY stage
  UNION ALL SELECT 'crossings', direction || ' ' || outcome, count(*)::int FROM airtune.transmission GROUP BY direction, outcome
  UNION ALL SELECT 'contributions', verdict, count(*)::int FROM airtune.contribution GROUP BY verdict`;

export async function recordTotals(db: Connection): Promise<Totals> {
  const rows = await db.query<{ what: keyof Totals; outcome: string; number: number }[]>(COUNTS);
  const of = (what: keyof Totals): Record<string, number> =>
    Object.fromEntries(rows.filter((row) => row.what === what).map(({ outcome, number }) => [outcome, number]));
  return {
    experiments: of('experiments'),
    rounds: of('rounds'),
    crossings: of('crossings'),
    contributions: of('contributions'),
  };
}
