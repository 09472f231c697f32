import type { Metrics } from '#operations';
import { type ExperimentRecord, recordTotals, type Totals } from '#storage';

/** Counting takes the database a while where there are millions of rows; a scrape every few seconds need not do it anew. */
const FRESH_MS = 5000;

/** Experiments, rounds, crossings and contributions of the record as metrics: the same at every replica, after any restart. */
export function measureRecord(record: ExperimentRecord, metrics: Metrics): void {
  let read: { readonly totals: Promise<Totals>; readonly atMs: number } | undefined;
  const totals = (): Promise<Totals> => {
    if (read === undefined || performance.now() - read.atMs > FRESH_MS) {
      read = { totals: record.use(recordTotals), atMs: performance.now() };
      // Where the database is away a scrape goes without them, and the next one asks again.
      read.totals.catch(() => (read = undefined));
    }
    return read.totals;
  };
  const gauge = (name: string, help: string, of: keyof Totals): void => {
    metrics.gauge(name, help, ['outcome'], async () => {
      const counted = await totals().catch(() => undefined);
      return Object.entries(counted?.[of] ?? {}).map(([outcome, value]) => ({ labels: { outcome }, value }));
    });
  };
  gauge('airtune_experiments', 'Experiments in the record, by state', 'experiments');
  gauge('airtune_rounds', 'Rounds in the record, by stage (committed, abandoned, open …)', 'rounds');
  gauge('airtune_crossings', 'Crossings of the link in the record: uplink or downlink, delivered or lost', 'crossings');
  gauge('airtune_contributions', 'Contributions in the record: accepted, refused, withheld', 'contributions');
}
