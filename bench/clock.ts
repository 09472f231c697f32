/** What the times in a benchmark are: `cpu` (processor time of all threads) makes sense of a machine that others use. */
export const CLOCK = process.env['AIRTUNE_BENCH_CLOCK'] === 'cpu' ? 'cpu' : 'wall';

/** Milliseconds since some moment, on the clock that AIRTUNE_BENCH_CLOCK names (wall or cpu; default wall). */
export function milliseconds(): number {
  if (CLOCK === 'wall') return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
