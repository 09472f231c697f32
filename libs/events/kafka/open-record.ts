import { contracts, type Envelope } from '#contracts';
import { open } from '../seal.ts';
import { TransportError } from '../transport-error.ts';
import { decodeEvent, type EventRecord } from './event-record.ts';
import type { WireRecord } from './wire-record.ts';

/** An event that its reader can handle: checked against its contract, and with what the record says of its blob. */
export interface OpenedRecord {
  readonly envelope: Envelope;
  readonly event: EventRecord;
}

/**
 * Opens a record for a service that handles these types. What everybody may read (`sharedTopic` false) is not for
 * everybody to handle: then the answer is undefined.
 * @throws TransportError `event.malformed`, `event.unknown`, `event.unhandled`, `event.version`, `event.invalid`
 */
export function openRecord(
  record: WireRecord,
  handles: (type: string) => boolean,
  sharedTopic: boolean,
): OpenedRecord | undefined {
  const event = decodeEvent(record);
  const contract = contracts.find(({ name }) => name === event.type);
  if (contract === undefined) throw new TransportError('event.unknown', `there is no event ${event.type}`);
  if (!handles(event.type)) {
    if (!sharedTopic) return undefined;
    throw new TransportError('event.unhandled', `this service does not handle ${event.type}`);
  }
  return { envelope: open(contract, event.written), event };
}
