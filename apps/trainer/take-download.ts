import type { DataOf, downloadDelivered, downloadLost } from '#contracts';
import type { Delivery } from '#events';
import { Injectable } from '@nestjs/common';
import { FIRST_VERSION } from './changed-profiles.ts';
import { DownloadJobs, type DownloadJob } from './download-jobs.ts';
import { TrainerSettings } from './settings.ts';
import { jobsFolder } from './site-folders.ts';
import { TrainLocally } from './train-locally.ts';

/** download.delivered or download.lost → a job on disk; answering it takes minutes and happens outside the handler. */
@Injectable()
export class TakeDownload {
  private readonly settings: TrainerSettings;
  private readonly trainLocally: TrainLocally;

  constructor(settings: TrainerSettings, trainLocally: TrainLocally) {
    this.settings = settings;
    this.trainLocally = trainLocally;
  }

  delivered({ envelope, data }: Delivery<DataOf<typeof downloadDelivered>>): Promise<void> {
    const { channels } = data;
    const job = jobOf(data, data.global.digest);
    return this.take(envelope.experiment, channels === undefined ? job : { ...job, channels });
  }

  lost({ envelope, data }: Delivery<DataOf<typeof downloadLost>>): Promise<void> {
    return this.take(envelope.experiment, jobOf(data, null));
  }

  private async take(experiment: string, job: DownloadJob): Promise<void> {
    const { home, site } = this.settings;
    await new DownloadJobs(jobsFolder(home, site, experiment)).store(job);
    this.trainLocally.start(experiment, job);
  }
}

function jobOf(
  { round, client, forEvaluation, profile = FIRST_VERSION, leftOut = [] }: DataOf<typeof downloadLost>,
  global: DownloadJob['global'],
): DownloadJob {
  return { round, client, forEvaluation, global, profile, leftOut };
}
