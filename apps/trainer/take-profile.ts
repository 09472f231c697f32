import type { DataOf, profileChanged } from '#contracts';
import type { Delivery } from '#events';
import { Injectable } from '@nestjs/common';
import { ChangedProfiles } from './changed-profiles.ts';
import { TrainerSettings } from './settings.ts';
import { profilesFolder } from './site-folders.ts';
import { TrainLocally } from './train-locally.ts';

/** profile.changed → on disk, for the rounds that ask for that version; a download that came before it is taken up. */
@Injectable()
export class TakeProfile {
  private readonly settings: TrainerSettings;
  private readonly trainLocally: TrainLocally;

  constructor(settings: TrainerSettings, trainLocally: TrainLocally) {
    this.settings = settings;
    this.trainLocally = trainLocally;
  }

  async handle({ envelope, data }: Delivery<DataOf<typeof profileChanged>>): Promise<void> {
    const { home, site } = this.settings;
    await new ChangedProfiles(profilesFolder(home, site, envelope.experiment)).store(data);
    await this.trainLocally.resumeOpen(envelope.experiment);
  }
}
