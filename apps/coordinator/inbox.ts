import {
  clientEnrolled,
  type DataOf,
  downloadDelivered,
  downloadLost,
  enrolmentRefused,
  evaluationReported,
  linksMeasured,
  rewardModelAnnounced,
  scoresRecorded,
  uploadDelivered,
  uploadLost,
  uploadSent,
  uploadWithheld,
} from '#contracts';
import { type Delivery, On } from '#events';
import { Controller } from '@nestjs/common';
import { CollectUpload } from './collect-upload.ts';
import { EnrolClient } from './enrol-client.ts';
import { HearRewardModel } from './hear-reward-model.ts';
import { LoseUpload } from './lose-upload.ts';
import { NoteTraining } from './note-training.ts';
import { OpenRound } from './open-round.ts';
import { RecordDownload } from './record-download.ts';
import { RecordEvaluation } from './record-evaluation.ts';
import { RecordScores } from './record-scores.ts';

type Heard<Contract> = Delivery<DataOf<Contract>>;

/** All that the coordinator hears of clients and links before anybody uploads. */
@Controller()
export class CoordinatorInbox {
  readonly #enrolClient: EnrolClient;
  readonly #openRound: OpenRound;
  readonly #recordDownload: RecordDownload;
  readonly #recordEvaluation: RecordEvaluation;

  constructor(
    enrolClient: EnrolClient,
    openRound: OpenRound,
    recordDownload: RecordDownload,
    recordEvaluation: RecordEvaluation,
  ) {
    this.#enrolClient = enrolClient;
    this.#openRound = openRound;
    this.#recordDownload = recordDownload;
    this.#recordEvaluation = recordEvaluation;
  }

  @On(clientEnrolled)
  enrolled(delivery: Heard<typeof clientEnrolled>): Promise<void> {
    return this.#enrolClient.handle(delivery);
  }

  @On(enrolmentRefused)
  refused(delivery: Heard<typeof enrolmentRefused>): Promise<void> {
    return this.#enrolClient.refused(delivery);
  }

  @On(linksMeasured)
  measured(delivery: Heard<typeof linksMeasured>): Promise<void> {
    return this.#openRound.handle(delivery);
  }

  @On(downloadDelivered)
  downloaded(delivery: Heard<typeof downloadDelivered>): Promise<void> {
    return this.#recordDownload.handle(delivery);
  }

  @On(downloadLost)
  downloadLost(delivery: Heard<typeof downloadLost>): Promise<void> {
    return this.#recordDownload.handle(delivery);
  }

  @On(evaluationReported)
  evaluated(delivery: Heard<typeof evaluationReported>): Promise<void> {
    return this.#recordEvaluation.handle(delivery);
  }
}

/** All that it hears of uploads. */
@Controller()
export class UploadInbox {
  readonly #noteTraining: NoteTraining;
  readonly #collectUpload: CollectUpload;
  readonly #loseUpload: LoseUpload;

  constructor(noteTraining: NoteTraining, collectUpload: CollectUpload, loseUpload: LoseUpload) {
    this.#noteTraining = noteTraining;
    this.#collectUpload = collectUpload;
    this.#loseUpload = loseUpload;
  }

  @On(uploadSent)
  sent(delivery: Heard<typeof uploadSent>): Promise<void> {
    return this.#noteTraining.handle(delivery);
  }

  @On(uploadWithheld)
  withheld(delivery: Heard<typeof uploadWithheld>): Promise<void> {
    return this.#loseUpload.withheld(delivery);
  }

  @On(uploadDelivered)
  delivered(delivery: Heard<typeof uploadDelivered>): Promise<void> {
    return this.#collectUpload.handle(delivery);
  }

  @On(uploadLost)
  lost(delivery: Heard<typeof uploadLost>): Promise<void> {
    return this.#loseUpload.lost(delivery);
  }
}

/** All that it hears of rewards. */
@Controller()
export class RewardInbox {
  readonly #recordScores: RecordScores;
  readonly #hearRewardModel: HearRewardModel;

  constructor(recordScores: RecordScores, hearRewardModel: HearRewardModel) {
    this.#recordScores = recordScores;
    this.#hearRewardModel = hearRewardModel;
  }

  @On(rewardModelAnnounced)
  announced(delivery: Heard<typeof rewardModelAnnounced>): Promise<void> {
    return this.#hearRewardModel.handle(delivery);
  }

  @On(scoresRecorded)
  scored(delivery: Heard<typeof scoresRecorded>): Promise<void> {
    return this.#recordScores.handle(delivery);
  }
}
