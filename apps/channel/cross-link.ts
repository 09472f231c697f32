import type { TransmissionRecord } from '#contracts';
import { type Crossing, transmit } from '#radio';
import type { ExperimentLink } from './links.ts';

/** Sends `bits` across a client's link and says what became of them, in the words of the record. */
export function crossLink(
  { link, seed }: ExperimentLink,
  crossing: Omit<Crossing, 'seed'> & { readonly bits: number },
): TransmissionRecord {
  const { bits, bitsDelivered, meanSnrDb, blocks, attempts, delayMs, airtimeMs, energyJ, delivered, reason } = transmit(
    link,
    { seed, ...crossing },
  );
  return {
    ...{ bits, bitsDelivered, meanSnrDb, blocks, attempts, delayMs, airtimeMs, energyJ },
    outcome: delivered ? 'delivered' : 'lost',
    ...(reason === undefined ? {} : { reason }),
  };
}
