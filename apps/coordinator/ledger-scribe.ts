import type { Clock } from '#events';
import { chainEntry, signEntry, type LedgerHead, type Signer } from '#ledger';
import type { LedgerEntry, Row } from '#storage';

/** Writes entries of ledgers: dates them by the clock and signs them with the coordinator's key. */
export class LedgerScribe {
  readonly #clock: Clock;
  readonly #signer: Signer;

  constructor(clock: Clock, signer: Signer) {
    this.#clock = clock;
    this.#signer = signer;
  }

  get publicKey(): string {
    return this.#signer.publicKey;
  }

  now(): Date {
    return this.#clock.now();
  }

  /** The entry that comes after `before`, and the head of the chain with it. */
  write(
    before: LedgerHead,
    content: {
      readonly experiment: string;
      readonly kind: string;
      readonly covers: unknown;
      readonly recordedAt: Date;
    },
  ): { readonly entry: Row<LedgerEntry>; readonly head: LedgerHead } {
    const { experiment, kind, covers, recordedAt } = content;
    const head = chainEntry(before, { experiment, kind, covers, recordedAt: recordedAt.toISOString() });
    const entry = {
      experimentId: experiment,
      entry: head.entry,
      kind,
      covers,
      previous: before.head,
      hash: head.head,
      signature: signEntry(this.#signer, experiment, head),
      signedBy: this.#signer.publicKey,
      recordedAt,
    };
    return { entry, head };
  }
}
