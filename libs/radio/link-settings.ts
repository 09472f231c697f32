import { fromDecibels } from './decibels.ts';
import { RadioError } from './radio-error.ts';

export type Direction = 'uplink' | 'downlink';

/** How the sender chooses its rate: it knows each block's fade (Shannon), or it does not and may fail (fixed). */
export type RateSettings =
  | {
      readonly policy: 'shannon';
      /** How many dB more than Shannon's bound the modem needs; 0 is the bound itself, about 2.3 real NR codes. */
      readonly snrGapDb: number;
    }
  | { readonly policy: 'fixed'; readonly bitsPerSecondPerHz: number };

/**
 * The radio link of an experiment; every client has `bandwidthHz` of its own, orthogonal to the others.
 * All SNRs are mean Es/N0: energy per symbol over noise density, averaged over the small-scale fading alone.
 */
export interface LinkSettings {
  /** Rayleigh: |h|² is exponential of mean 1. None: |h|² = 1 (AWGN). */
  readonly fading: 'rayleigh' | 'none';
  /** block: a new independent fade each coherence time. quasi-static: one fade a transfer (its mean delay is infinite). */
  readonly mode: 'block' | 'quasi-static';
  readonly meanSnrDb: number;
  /** The downlink's mean SNR where it differs: base stations send 20 to 30 dB stronger. Default: `meanSnrDb`. */
  readonly downlinkSnrDb?: number | undefined;
  readonly bandwidthHz: number;
  readonly coherenceTimeMs: number;
  /** A transfer that takes longer, in simulated time, is lost. Each transfer has it to itself. */
  readonly deadlineMs: number;
  readonly rate: RateSettings;
  /** How often one block may be sent before the transfer is given up. Default: until the deadline. */
  readonly maxAttempts?: number | undefined;
  /** dB added to a client's mean SNR in both directions: near the base station or far from it. */
  readonly snrOffsetDb?: Readonly<Record<string, number>> | undefined;
  /** Radiated power of a client's transmitter. */
  readonly transmitPowerW: number;
  /** Radiated power over the power that the amplifier draws, above 0 and at most 1. */
  readonly amplifierEfficiency: number;
  /** What a client's radio draws besides, sending or receiving. */
  readonly circuitPowerW: number;
}

/** 10^7 blocks are walked in about a second; at 18 ms each they are 50 hours of air. */
export const MAX_BLOCKS = 1e7;
/** Beyond this a number is a typing error, and its power of ten overflows sooner or later. */
const MAX_DECIBELS = 200;

/** Throws `radio.link-invalid`, naming the field, unless every number makes sense. */
export function checkLink(link: LinkSettings): void {
  const positive = {
    bandwidthHz: link.bandwidthHz,
    coherenceTimeMs: link.coherenceTimeMs,
    deadlineMs: link.deadlineMs,
  };
  for (const [field, value] of Object.entries(positive)) {
    if (!(value > 0 && value < Infinity)) reject(field, value, 'above 0');
  }
  for (const [field, value] of Object.entries(decibelsOf(link))) {
    if (!(Math.abs(value) <= MAX_DECIBELS)) reject(field, value, `between -${MAX_DECIBELS} and ${MAX_DECIBELS} dB`);
  }
  for (const field of ['transmitPowerW', 'circuitPowerW'] as const) {
    if (!(link[field] >= 0 && link[field] < Infinity)) reject(field, link[field], '0 or more');
  }
  const { amplifierEfficiency, maxAttempts, rate } = link;
  if (!(amplifierEfficiency > 0 && amplifierEfficiency <= 1)) {
    reject('amplifierEfficiency', amplifierEfficiency, 'above 0 and at most 1');
  }
  if (maxAttempts !== undefined && !(Number.isInteger(maxAttempts) && maxAttempts >= 1)) {
    reject('maxAttempts', maxAttempts, 'a whole number from 1');
  }
  if (rate.policy === 'fixed' && !(rate.bitsPerSecondPerHz > 0 && rate.bitsPerSecondPerHz <= 100)) {
    reject('rate.bitsPerSecondPerHz', rate.bitsPerSecondPerHz, 'above 0 and at most 100');
  }
  const blocks = Math.ceil(link.deadlineMs / link.coherenceTimeMs);
  if (blocks > MAX_BLOCKS) {
    reject(
      'deadlineMs',
      link.deadlineMs,
      `at most ${MAX_BLOCKS} coherence times (${MAX_BLOCKS * link.coherenceTimeMs} ms)`,
    );
  }
}

function decibelsOf(link: LinkSettings): Record<string, number> {
  const all: Record<string, number> = { meanSnrDb: link.meanSnrDb };
  if (link.downlinkSnrDb !== undefined) all['downlinkSnrDb'] = link.downlinkSnrDb;
  if (link.rate.policy === 'shannon') all['rate.snrGapDb'] = link.rate.snrGapDb;
  for (const [client, offset] of Object.entries(link.snrOffsetDb ?? {})) all[`snrOffsetDb.${client}`] = offset;
  return all;
}

function reject(field: string, value: number, allowed: string): never {
  throw new RadioError('radio.link-invalid', `link.${field} is ${value}; it must be ${allowed}.`);
}

/** A client's mean Es/N0 in dB, its offset included. */
export function meanSnrDb(link: LinkSettings, client: string, direction: Direction): number {
  const common = direction === 'downlink' ? (link.downlinkSnrDb ?? link.meanSnrDb) : link.meanSnrDb;
  const offsets = link.snrOffsetDb ?? {};
  return common + (Object.hasOwn(offsets, client) ? (offsets[client] ?? 0) : 0);
}

/** The same as a ratio. */
export function meanSnr(link: LinkSettings, client: string, direction: Direction): number {
  return fromDecibels(meanSnrDb(link, client, direction));
}
