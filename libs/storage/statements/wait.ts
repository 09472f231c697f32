/** A wait that ends by a clock. */
export interface Wait {
  /** When that was to be, by the wall clock: another moment is another wait. */
  readonly until: string;
  /** How long it lasts from now on. */
  readonly leftMs: number;
}

/** The columns of a wait until `then`, by the database's clock: however that was set meanwhile, never more than `mostMs`. */
export function untilThen(then: string, mostMs: string): string {
  return `(${then})::text AS until,
    least(extract(epoch FROM ${then} - clock_timestamp()) * 1000, ${mostMs})::float8 AS "leftMs"`;
}
