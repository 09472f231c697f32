import { Injectable } from '@nestjs/common';
import { markEnded, type Ending } from './experiment-file.ts';
import { Experiments } from './experiments.ts';
import { PruneBlobs } from './prune-blobs.ts';
import { TrainerSettings } from './settings.ts';
import { experimentFolder } from './site-folders.ts';

/**
 * experiment.finished, experiment.failed → closed, and marked so on disk: the next start leaves it alone. What failed may be
 * gone on with, so only of what is over the blobs go.
 */
@Injectable()
export class EndExperiment {
  private readonly experiments: Experiments;
  private readonly prune: PruneBlobs;
  private readonly settings: TrainerSettings;

  constructor(experiments: Experiments, prune: PruneBlobs, settings: TrainerSettings) {
    this.experiments = experiments;
    this.prune = prune;
    this.settings = settings;
  }

  async handle(id: string, ending: Ending): Promise<void> {
    const { home, site } = this.settings;
    await markEnded(experimentFolder(home, site, id), ending);
    const experiment = await this.experiments.close(id);
    if (experiment !== undefined && ending !== 'failed') await this.prune.afterEnd(experiment);
  }
}
