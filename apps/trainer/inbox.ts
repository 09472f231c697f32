import {
  completionsRefused,
  completionsScored,
  type DataOf,
  downloadDelivered,
  downloadLost,
  experimentFailed,
  experimentFinished,
  experimentSubmitted,
  profileChanged,
  roundAbandoned,
  roundCommitted,
} from '#contracts';
import { type Delivery, On } from '#events';
import { Controller } from '@nestjs/common';
import { EnrolClients } from './enrol-clients.ts';
import { EndExperiment } from './end-experiment.ts';
import { HearScores } from './hear-scores.ts';
import { TakeDownload } from './take-download.ts';
import { TakeProfile } from './take-profile.ts';
import { WitnessRound } from './witness-round.ts';

/** All that a site hears of experiments and rounds. */
@Controller()
export class TrainerInbox {
  private readonly enrolClients: EnrolClients;
  private readonly takeDownload: TakeDownload;
  private readonly takeProfile: TakeProfile;
  private readonly witnessRound: WitnessRound;
  private readonly endExperiment: EndExperiment;

  constructor(
    enrolClients: EnrolClients,
    takeDownload: TakeDownload,
    takeProfile: TakeProfile,
    witnessRound: WitnessRound,
    endExperiment: EndExperiment,
  ) {
    this.enrolClients = enrolClients;
    this.takeDownload = takeDownload;
    this.takeProfile = takeProfile;
    this.witnessRound = witnessRound;
    this.endExperiment = endExperiment;
  }

  @On(experimentSubmitted)
  submitted(delivery: Delivery<DataOf<typeof experimentSubmitted>>): void {
    this.enrolClients.handle(delivery);
  }

  @On(profileChanged)
  profileChanged(delivery: Delivery<DataOf<typeof profileChanged>>): Promise<void> {
    return this.takeProfile.handle(delivery);
  }

  @On(downloadDelivered)
  delivered(delivery: Delivery<DataOf<typeof downloadDelivered>>): Promise<void> {
    return this.takeDownload.delivered(delivery);
  }

  @On(downloadLost)
  lost(delivery: Delivery<DataOf<typeof downloadLost>>): Promise<void> {
    return this.takeDownload.lost(delivery);
  }

  @On(roundCommitted)
  committed(delivery: Delivery<DataOf<typeof roundCommitted>>): Promise<void> {
    return this.witnessRound.handle('committed', delivery);
  }

  @On(roundAbandoned)
  abandoned(delivery: Delivery<DataOf<typeof roundAbandoned>>): Promise<void> {
    return this.witnessRound.handle('abandoned', delivery);
  }

  @On(experimentFinished)
  async finished(delivery: Delivery<DataOf<typeof experimentFinished>>): Promise<void> {
    await this.witnessRound.finished(delivery);
    await this.endExperiment.handle(delivery.envelope.experiment, 'finished');
  }

  @On(experimentFailed)
  failed({ envelope }: Delivery<DataOf<typeof experimentFailed>>): Promise<void> {
    return this.endExperiment.handle(envelope.experiment, 'failed');
  }
}

/** All that it hears of reward models. */
@Controller()
export class ScoreInbox {
  private readonly hearScores: HearScores;

  constructor(hearScores: HearScores) {
    this.hearScores = hearScores;
  }

  @On(completionsScored)
  scored(delivery: Delivery<DataOf<typeof completionsScored>>): Promise<void> {
    return this.hearScores.scored(delivery);
  }

  @On(completionsRefused)
  refused(delivery: Delivery<DataOf<typeof completionsRefused>>): Promise<void> {
    return this.hearScores.refused(delivery);
  }
}
