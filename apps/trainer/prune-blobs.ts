import { BlobStore } from '#storage';
import { Injectable } from '@nestjs/common';
import { Experiments } from './experiments.ts';
import type { OpenExperiment } from './open-experiment.ts';
import { TrainerSettings } from './settings.ts';
import { readHeads } from './witnessed-heads.ts';

/** Of an open round's global model and the one before, in case a question is asked again. */
const GLOBALS_KEPT = 2;

/**
 * Takes blobs out of the site's store that no experiment needs any more: global models of rounds that are over. Uploads are
 * made anew from the clients' own state whenever they are asked for.
 */
@Injectable()
export class PruneBlobs {
  private readonly blobs: BlobStore;
  private readonly experiments: Experiments;
  private readonly settings: TrainerSettings;

  constructor(blobs: BlobStore, experiments: Experiments, settings: TrainerSettings) {
    this.blobs = blobs;
    this.experiments = experiments;
    this.settings = settings;
  }

  /** After a round has closed. */
  async afterRound(id: string): Promise<void> {
    const experiment = await this.experiments.find(id)?.catch(() => undefined);
    if (experiment === undefined) return;
    const over = (await this.globals(experiment)).slice(0, -GLOBALS_KEPT);
    await this.remove([...over, ...(await this.uploads(experiment, 1))]);
  }

  /** After the experiment's end: `experiment` is what was open until then. */
  async afterEnd(experiment: OpenExperiment): Promise<void> {
    await this.remove([...(await this.globals(experiment)), ...(await this.uploads(experiment, 0))]);
  }

  /** Global models in the order of their rounds, the initial one first. */
  private async globals({ id, initialGlobal }: OpenExperiment): Promise<string[]> {
    const { home, site } = this.settings;
    const heads = await readHeads(home, site, id);
    return [initialGlobal, ...heads.map(({ global }) => global)];
  }

  /** What its clients sent, but for their last `kept` rounds. */
  private async uploads({ clients }: OpenExperiment, kept: number): Promise<string[]> {
    const digests = await Promise.all([...clients.values()].map(({ state }) => state.uploads()));
    return digests.flatMap((ofClient) => ofClient.slice(0, ofClient.length - kept));
  }

  private async remove(digests: readonly string[]): Promise<void> {
    const inUse = new Set<string>();
    for (const experiment of await this.experiments.all()) {
      for (const digest of (await this.globals(experiment)).slice(-GLOBALS_KEPT)) inUse.add(digest);
    }
    // What is to be answered once its experiment is open again needs its global model too: at boot none is open yet.
    for (const { global } of await this.experiments.pendingJobs()) if (global !== null) inUse.add(global);
    for (const digest of new Set(digests)) if (!inUse.has(digest)) await this.blobs.remove(digest);
  }
}
