import { Clock, Publisher } from '#events';
import { BlobStore, ExperimentRecord } from '#storage';
import { type DynamicModule, Module } from '@nestjs/common';
import { AdvanceRound } from './advance-round.ts';
import { AskQuestion } from './ask-question.ts';
import { CloseRound } from './close-round.ts';
import { CollectUpload } from './collect-upload.ts';
import { CurrentRounds } from './current-rounds.ts';
import { EnrolClient } from './enrol-client.ts';
import { Experiments } from './experiments.ts';
import { FailExperiment } from './fail-experiment.ts';
import { CoordinatorInbox, UploadInbox } from './inbox.ts';
import { LoseUpload } from './lose-upload.ts';
import { NoteTraining } from './note-training.ts';
import { OpenRound } from './open-round.ts';
import { RecordDownload } from './record-download.ts';
import { RecordEvaluation } from './record-evaluation.ts';
import { RoundTimer } from './round-timer.ts';
import { Submissions } from './submissions.ts';

/** What the coordinator stands on. */
export interface CoordinatorParts {
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly record: ExperimentRecord;
  readonly blobs: BlobStore;
}

/**
 * The coordinator as a service: plans and opens rounds, collects and judges uploads, aggregates, commits. It opens
 * neither data nor base models. Commands go to {@link Experiments}.
 */
@Module({})
export class CoordinatorModule {
  static register(parts: CoordinatorParts): DynamicModule {
    return {
      module: CoordinatorModule,
      controllers: [CoordinatorInbox, UploadInbox],
      providers: [
        { provide: Publisher, useValue: parts.publisher },
        { provide: Clock, useValue: parts.clock },
        { provide: ExperimentRecord, useValue: parts.record },
        { provide: BlobStore, useValue: parts.blobs },
        Experiments,
        Submissions,
        EnrolClient,
        FailExperiment,
        CurrentRounds,
        RoundTimer,
        AskQuestion,
        CloseRound,
        AdvanceRound,
        OpenRound,
        RecordDownload,
        RecordEvaluation,
        NoteTraining,
        CollectUpload,
        LoseUpload,
      ],
      exports: [ExperimentRecord, BlobStore, Experiments, FailExperiment],
    };
  }
}
