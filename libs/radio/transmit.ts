import { toDecibels } from './decibels.ts';
import { clientEnergyJ } from './energy.ts';
import { type Crossing, drawFades } from './fades.ts';
import { checkLink, type LinkSettings, meanSnr, meanSnrDb } from './link-settings.ts';
import { RadioError } from './radio-error.ts';
import { chooseRatePolicy } from './choose-rate-policy.ts';

/** What became of one transfer, in simulated time. */
export interface Transmission {
  readonly delivered: boolean;
  /** Why it was lost: the deadline came, or one block failed `maxAttempts` times. */
  readonly reason?: 'deadline' | 'attempts';
  /** From the first bit sent to the last one received, or to the loss. */
  readonly delayMs: number;
  /** Of that, the time on the air; less than the delay when a short last block waited for its next fade. */
  readonly airtimeMs: number;
  /** Pieces of the payload that were sent, each at most one coherence time long. */
  readonly blocks: number;
  /** How often they were sent, repeats included: attempts - blocks retransmissions. */
  readonly attempts: number;
  /** The payload. */
  readonly bits: number;
  /** Of that, what arrived in whole blocks; all of it or the blob is worthless. */
  readonly bitsDelivered: number;
  /** From the client's battery. */
  readonly energyJ: number;
  /** The link's mean Es/N0. */
  readonly meanSnrDb: number;
  /** |h|² averaged over the attempts; 1 in the long run. */
  readonly averageFadeGain: number;
  /** Mean Es/N0 over the fades that were met: meanSnrDb + 10 log10(averageFadeGain). */
  readonly effectiveSnrDb: number;
}

/** Payloads are whole bits: less than half of one is a rounding error of the subtraction. */
const NOTHING_LEFT = 0.5;

/**
 * Sends `bits` across the link: in coherence block n the sender chooses a rate for the SNR g·|h_n|² and sends as much as
 * fits; a block that is not received is sent again in the next one (ARQ, the acknowledgement taken as immediate), until
 * all has arrived, the deadline comes or one block has failed `maxAttempts` times. The same arguments give the same answer.
 */
export function transmit(link: LinkSettings, crossing: Crossing & { readonly bits: number }): Transmission {
  checkLink(link);
  const { bits, client, direction } = crossing;
  if (!Number.isSafeInteger(bits) || bits < 0) {
    throw new RadioError('radio.bits-invalid', `A transfer has a whole number of bits from 0, not ${bits}.`);
  }
  const walk = walkBlocks(link, crossing, bits);
  const averageFadeGain = walk.attempts === 0 ? 1 : walk.gains / walk.attempts;
  const mean = meanSnrDb(link, client, direction);
  return {
    delivered: walk.outcome === 'delivered',
    ...(walk.outcome === 'delivered' ? {} : { reason: walk.outcome }),
    delayMs: walk.delayMs,
    airtimeMs: walk.airtimeMs,
    blocks: walk.blocks,
    attempts: walk.attempts,
    bits,
    bitsDelivered: Math.round(bits - walk.remaining),
    energyJ: clientEnergyJ(link, direction, walk.airtimeMs),
    meanSnrDb: mean,
    averageFadeGain,
    effectiveSnrDb: mean + toDecibels(averageFadeGain),
  };
}

interface Walk {
  outcome: 'delivered' | 'deadline' | 'attempts';
  remaining: number;
  blocks: number;
  attempts: number;
  gains: number;
  airtimeMs: number;
  delayMs: number;
}

function walkBlocks(link: LinkSettings, crossing: Crossing, bits: number): Walk {
  const { coherenceTimeMs, deadlineMs, maxAttempts = Infinity } = link;
  const gainOf = drawFades(link, crossing);
  const policy = chooseRatePolicy(link.rate);
  const snr = meanSnr(link, crossing.client, crossing.direction);
  const bitsPerMs = link.bandwidthHz / 1000;
  const walk: Walk = {
    outcome: 'delivered',
    remaining: bits,
    blocks: 0,
    attempts: 0,
    gains: 0,
    airtimeMs: 0,
    delayMs: 0,
  };
  let tries = 0;

  for (let block = 0; walk.remaining >= NOTHING_LEFT; block++) {
    const startMs = block * coherenceTimeMs;
    if (startMs >= deadlineMs) return { ...walk, outcome: 'deadline', delayMs: deadlineMs };
    const gain = gainOf(block);
    const bitsPerSecondPerHz = policy.rate(snr * gain);
    const sent = Math.min(walk.remaining, bitsPerSecondPerHz * bitsPerMs * coherenceTimeMs);
    const sendingMs = Math.min(coherenceTimeMs, walk.remaining / (bitsPerSecondPerHz * bitsPerMs));
    walk.gains += gain;
    walk.attempts++;
    if (tries++ === 0) walk.blocks++;
    if (startMs + sendingMs > deadlineMs) {
      return { ...walk, outcome: 'deadline', delayMs: deadlineMs, airtimeMs: walk.airtimeMs + deadlineMs - startMs };
    }
    walk.airtimeMs += sendingMs;
    walk.delayMs = startMs + sendingMs;
    if (policy.received(snr * gain)) {
      walk.remaining -= sent;
      tries = 0;
    } else if (tries >= maxAttempts) {
      return { ...walk, outcome: 'attempts' };
    }
  }
  return walk;
}
