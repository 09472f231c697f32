import type { DataOf, experimentFinished, roundAbandoned, roundCommitted } from '#contracts';
import type { Delivery } from '#events';
import { Injectable } from '@nestjs/common';
import { Experiments } from './experiments.ts';
import { PruneBlobs } from './prune-blobs.ts';
import { TrainerSettings } from './settings.ts';
import { keepHead } from './witnessed-heads.ts';

type Closed = Delivery<DataOf<typeof roundCommitted> | DataOf<typeof roundAbandoned>>;

/**
 * round.committed, round.abandoned → the head of the ledger, kept at the site: whoever rewrites the record later cannot
 * rewrite what its sites have seen. What the round before was about is over, and its blobs go.
 */
@Injectable()
export class WitnessRound {
  private readonly experiments: Experiments;
  private readonly prune: PruneBlobs;
  private readonly settings: TrainerSettings;

  constructor(experiments: Experiments, prune: PruneBlobs, settings: TrainerSettings) {
    this.experiments = experiments;
    this.prune = prune;
    this.settings = settings;
  }

  async handle(stage: 'committed' | 'abandoned', { envelope, data }: Closed): Promise<void> {
    const { experiment } = envelope;
    if (!this.experiments.isOpen(experiment)) return;
    const { round, global, ledger } = data;
    const { home, site } = this.settings;
    await keepHead(home, site, experiment, { round, stage, ...ledger, global: global.digest });
    await this.prune.afterRound(experiment);
  }

  /** experiment.finished → the last head of all: nothing is closed after it that could vouch for what came last. */
  async finished({ envelope, data }: Delivery<DataOf<typeof experimentFinished>>): Promise<void> {
    const { experiment } = envelope;
    const { rounds, globalDigest: global, ledger } = data;
    if (ledger === undefined || !this.experiments.isOpen(experiment)) return;
    const { home, site } = this.settings;
    await keepHead(home, site, experiment, { round: rounds + 1, stage: 'finished', ...ledger, global });
  }
}
