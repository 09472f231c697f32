import {
  type DataOf,
  downloadDelivered,
  downloadLost,
  experimentFailed,
  experimentFinished,
  experimentSubmitted,
} from '#contracts';
import { type Delivery, On } from '#events';
import { Controller } from '@nestjs/common';
import { EnrolClients } from './enrol-clients.ts';
import { Experiments } from './experiments.ts';
import { TakeDownload } from './take-download.ts';

/** All that a site hears. */
@Controller()
export class TrainerInbox {
  private readonly enrolClients: EnrolClients;
  private readonly takeDownload: TakeDownload;
  private readonly experiments: Experiments;

  constructor(enrolClients: EnrolClients, takeDownload: TakeDownload, experiments: Experiments) {
    this.enrolClients = enrolClients;
    this.takeDownload = takeDownload;
    this.experiments = experiments;
  }

  @On(experimentSubmitted)
  submitted(delivery: Delivery<DataOf<typeof experimentSubmitted>>): void {
    this.enrolClients.handle(delivery);
  }

  @On(downloadDelivered)
  delivered(delivery: Delivery<DataOf<typeof downloadDelivered>>): Promise<void> {
    return this.takeDownload.delivered(delivery);
  }

  @On(downloadLost)
  lost(delivery: Delivery<DataOf<typeof downloadLost>>): Promise<void> {
    return this.takeDownload.lost(delivery);
  }

  @On(experimentFinished)
  finished({ envelope }: Delivery<DataOf<typeof experimentFinished>>): Promise<void> {
    return this.experiments.close(envelope.experiment);
  }

  @On(experimentFailed)
  failed({ envelope }: Delivery<DataOf<typeof experimentFailed>>): Promise<void> {
    return this.experiments.close(envelope.experiment);
  }
}
