import type { Contract } from '#contracts';

/** What a fact belongs to, what caused it, and the bytes that travel along. */
export interface PublishOptions {
  readonly experiment: string;
  readonly cause?: string;
  readonly blob?: string;
}

/** States facts on the wire; the one thing a service needs of a transport to speak. */
export abstract class Publisher {
  /**
   * Sends a fact to all its readers, with its blob where the contract says so.
   * @throws TransportError `event.invalid` when the data breaks its contract, `blob.missing` when the store has not got it.
   */
  abstract publish<Data>(contract: Contract<string, Data>, data: Data, options: PublishOptions): Promise<void>;
}
