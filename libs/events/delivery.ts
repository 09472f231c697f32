import type { Envelope } from '#contracts';

/** A fact as its handler sees it: checked against its contract, its blob (if it has one) already in the reader's store. */
export interface Delivery<Data> {
  readonly envelope: Envelope<Data>;
  readonly data: Data;
}
