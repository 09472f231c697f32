import { Clock, Publisher } from '#events';
import { BlobStore } from '#storage';
import { type DynamicModule, Module } from '@nestjs/common';
import { AnswerDownload } from './answer-download.ts';
import { EnrolClients } from './enrol-clients.ts';
import { Experiments } from './experiments.ts';
import { HearScores } from './hear-scores.ts';
import { ScoreInbox, TrainerInbox } from './inbox.ts';
import { TrainerObserver, type TrainingProgress } from './observer.ts';
import { EndExperiment } from './end-experiment.ts';
import { PruneBlobs } from './prune-blobs.ts';
import { SayAnswer } from './say-answer.ts';
import { TrainerSettings, type TrainerSettingsInput } from './settings.ts';
import { SiteIdentity } from './site-identity.ts';
import { TakeDownload } from './take-download.ts';
import { TakeProfile } from './take-profile.ts';
import { TrainLocally } from './train-locally.ts';
import { WitnessRound } from './witness-round.ts';

/** What a site needs from whoever starts it. */
export interface TrainerParts {
  readonly publisher: Publisher;
  /** The site's own: global models that arrived, uploads that leave. */
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly settings: TrainerSettingsInput;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Failures outside of handlers; by default they are thrown, which ends the process. */
  readonly onFault?: (error: Error) => void;
}

/** A site: hosts clients with their data, models and personal parameters, which never leave it. */
@Module({})
export class TrainerModule {
  static register({ publisher, blobs, clock, settings, onProgress, onFault }: TrainerParts): DynamicModule {
    const checked = new TrainerSettings(settings);
    return {
      module: TrainerModule,
      controllers: [TrainerInbox, ScoreInbox],
      providers: [
        { provide: Publisher, useValue: publisher },
        { provide: BlobStore, useValue: blobs },
        { provide: Clock, useValue: clock },
        { provide: TrainerSettings, useValue: checked },
        { provide: SiteIdentity, useFactory: () => SiteIdentity.open(checked.home, checked.site) },
        { provide: TrainerObserver, useValue: new TrainerObserver({ onProgress, onFault }) },
        Experiments,
        SayAnswer,
        AnswerDownload,
        TrainLocally,
        TakeDownload,
        TakeProfile,
        EnrolClients,
        WitnessRound,
        EndExperiment,
        HearScores,
        PruneBlobs,
      ],
    };
  }
}
