import { measureLink, transmit, type Direction, type LinkSettings } from '#radio';
import type { Findings } from './audit-report.ts';
import { COVERED_TABLES, number, placeOf, text, type Columns, type History } from './history.ts';

/** Every crossing, drawn again from the seed: fades, blocks, attempts, delay, energy, and whether it arrived. */
export function replayRadio(history: History, findings: Findings): void {
  const { spec, rows } = history;
  const rounds = new Map(rows.round.map((row) => [number(row, 'number'), row]));
  const uploads = new Map(rows.local_training.map((row) => [keyOf(row), number(row, 'bytes')]));
  for (const row of rows.transmission) {
    const round = number(row, 'round');
    const place = placeOf('transmission', row, COVERED_TABLES.transmission);
    const direction = text(row, 'direction') as Direction;
    const played = rounds.get(round);
    const bytes = direction === 'downlink' ? number(played ?? {}, 'global_before_bytes') : uploads.get(keyOf(row));
    const bits = number(row, 'bits');
    findings.counted.crossings += 1;
    if (bytes !== undefined && bits !== 8 * bytes) {
      findings.add({ code: 'radio.size', place, round, message: `${bits} bits crossed, the blob has ${bytes} bytes` });
    }
    const deadlineMs = direction === 'downlink' ? number(played ?? {}, 'deadline_ms') : spec.link.deadlineMs;
    const problem = compareCrossing({ ...spec.link, deadlineMs }, spec.seed, row, direction);
    if (problem !== undefined) findings.add({ code: 'radio.differs', place, round, message: problem });
  }
  for (const row of rows.cohort_member) compareLink(spec.link, row, findings);
}

function keyOf(row: Columns): string {
  return `${number(row, 'round')} ${text(row, 'client')}`;
}

function compareCrossing(link: LinkSettings, seed: number, row: Columns, direction: Direction): string | undefined {
  const bits = number(row, 'bits');
  let again;
  try {
    again = transmit(link, { seed, client: text(row, 'client'), round: number(row, 'round'), direction, bits });
  } catch (error) {
    return `it cannot be drawn again: ${error instanceof Error ? error.message : String(error)}`;
  }
  const expected: Columns = {
    mean_snr_db: again.meanSnrDb,
    blocks: again.blocks,
    attempts: again.attempts,
    bits_delivered: again.bitsDelivered,
    delay_ms: again.delayMs,
    airtime_ms: again.airtimeMs,
    energy_j: again.energyJ,
    outcome: again.delivered ? 'delivered' : 'lost',
    reason: again.delivered ? null : (again.reason ?? 'deadline'),
  };
  const differing = Object.entries(expected).filter(([column, value]) => row[column] !== value);
  if (differing.length === 0) return undefined;
  return differing
    .map(([column, value]) => `${column} is ${String(row[column])}, the seed gives ${String(value)}`)
    .join('; ');
}

function compareLink(link: LinkSettings, row: Columns, findings: Findings): void {
  const { meanSnrDb, ergodicBitsPerSecondPerHz } = measureLink(link, text(row, 'client'));
  const expected: Readonly<Record<string, number>> = {
    mean_snr_uplink_db: meanSnrDb.uplink,
    mean_snr_downlink_db: meanSnrDb.downlink,
    ergodic_uplink_bits_per_second_per_hz: ergodicBitsPerSecondPerHz.uplink,
    ergodic_downlink_bits_per_second_per_hz: ergodicBitsPerSecondPerHz.downlink,
  };
  const differing = Object.entries(expected).filter(([column, value]) => row[column] !== value);
  if (differing.length === 0) return;
  findings.add({
    code: 'radio.differs',
    place: placeOf('cohort_member', row, ['round', 'client']),
    round: number(row, 'round'),
    message: differing
      .map(([column, value]) => `${column} is ${String(row[column])}, the link gives ${value}`)
      .join('; '),
  });
}
