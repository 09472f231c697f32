import { randomBytes } from 'node:crypto';
import { BlobStore, ExperimentRecord, introduceCoordinator, markBlobStore } from '#storage';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { CoordinatorError } from './coordinator-error.ts';
import { Custody } from './custody.ts';
import { LedgerScribe } from './ledger-scribe.ts';

const MARKER_BYTES = 32;

/** Before anything else: makes the coordinator's key known, and sees that all replicas have one blob store. */
@Injectable()
export class CheckIn implements OnModuleInit {
  readonly #record: ExperimentRecord;
  readonly #blobs: BlobStore;
  readonly #scribe: LedgerScribe;
  readonly #custody: Custody;

  constructor(record: ExperimentRecord, blobs: BlobStore, scribe: LedgerScribe, custody: Custody) {
    this.#record = record;
    this.#blobs = blobs;
    this.#scribe = scribe;
    this.#custody = custody;
  }

  async onModuleInit(): Promise<void> {
    await this.#record.use((db) => introduceCoordinator(db, this.#scribe.publicKey, this.#scribe.now()));
    if (this.#custody.of === 'all') await this.#findMarker();
  }

  /** The first replica leaves a blob and its digest; who does not find the blob has another store. */
  async #findMarker(): Promise<void> {
    const mine = await this.#blobs.put(randomBytes(MARKER_BYTES));
    const marker = await this.#record.use((db) => markBlobStore(db, mine));
    if (marker !== mine) await this.#blobs.remove(mine);
    if (await this.#blobs.has(marker)) return;
    throw new CoordinatorError(
      'coordinator.other-blobs',
      `${this.#blobs.root} is not the blob store of the other coordinators on ${this.#record.database}: ${marker} is not in it. Give all replicas one folder (a shared volume). If the old store is lost for good, let the owner of the database run: DELETE FROM airtune.blob_marker`,
    );
  }
}
