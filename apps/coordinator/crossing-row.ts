import type { Envelope, TransmissionRecord } from '#contracts';
import type { Row, Transmission } from '#storage';

/** A crossing as the record keeps it, from the fact that tells of it. */
export function crossingRow(
  envelope: Pick<Envelope, 'experiment' | 'time'>,
  direction: Transmission['direction'],
  crossing: { readonly client: string; readonly round: number; readonly transmission: TransmissionRecord },
): Row<Transmission> {
  const { transmission, client, round } = crossing;
  return {
    experimentId: envelope.experiment,
    round,
    client,
    direction,
    ...transmission,
    reason: transmission.reason ?? (transmission.outcome === 'lost' ? 'deadline' : null),
    recordedAt: new Date(envelope.time),
  };
}
