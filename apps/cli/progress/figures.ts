/** Numbers as people read them, with their units. */

export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

export function points(fraction: number): string {
  return `${fraction < 0 ? '−' : '+'}${Math.abs(100 * fraction).toFixed(1)}`;
}

export function bytes(count: number): string {
  if (count < 1000) return `${Math.round(count)} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  if (count < 1e9) return `${(count / 1e6).toFixed(2)} MB`;
  return `${(count / 1e9).toFixed(2)} GB`;
}

/** A time in the unit that suits it; `milliseconds` may be simulated or real. */
export function duration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return 'for ever';
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min ${Math.round(seconds - 60 * minutes)} s`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** A difference of rewards. */
export function signed(difference: number): string {
  return `${difference < 0 ? '−' : '+'}${Math.abs(difference).toFixed(3)}`;
}

/** A standardised score, or that there is none. */
export function standardised(score: number | null | undefined): string {
  return score === null || score === undefined ? 'not measured' : score.toFixed(3);
}

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

export function hertz(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toPrecision(3)} GHz`;
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)} MHz`;
  if (value >= 1e3) return `${(value / 1e3).toPrecision(3)} kHz`;
  return `${value.toPrecision(3)} Hz`;
}

/** How many of something: `1 row`, `2 rows`; `many` where an s is not enough. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}
