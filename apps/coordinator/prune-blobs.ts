import { BlobStore, ExperimentRecord, listPrunable } from '#storage';
import { Injectable } from '@nestjs/common';
import { ReportFault } from './report-fault.ts';
import type { Submission } from './submissions.ts';

/** Removes contributions' blobs that are older than the spec wants them kept; what the ledger says of them stays. */
@Injectable()
export class PruneBlobs {
  readonly #record: ExperimentRecord;
  readonly #blobs: BlobStore;
  readonly #faults: ReportFault;

  constructor(record: ExperimentRecord, blobs: BlobStore, faults: ReportFault) {
    this.#record = record;
    this.#blobs = blobs;
    this.#faults = faults;
  }

  /** Prunes, in its own time, what a round that is over leaves behind. */
  after({ id, spec }: Submission, round: number): void {
    const { keep } = spec.history;
    if (keep === 'all') return;
    // The round for evaluation alone has no contributions.
    this.#prune(id, Math.min(round, spec.rounds) - keep.last).catch((error: unknown) => {
      this.#faults.report(`Old contributions of ${id} could not be removed`, error);
    });
  }

  async #prune(experiment: string, upToRound: number): Promise<void> {
    if (upToRound < 1) return;
    const digests = await this.#record.use((db) => listPrunable(db, experiment, upToRound));
    for (const digest of digests) await this.#blobs.remove(digest);
  }
}
