import { Clock, type DeadLetter, Publisher } from '#events';
import type { Signer } from '#ledger';
import { BlobStore, ExperimentRecord } from '#storage';
import { type DynamicModule, Module } from '@nestjs/common';
import { SiteTrust } from './admit-site.ts';
import { AdvanceRound } from './advance-round.ts';
import { BeginRounds } from './begin-rounds.ts';
import { CallRoll } from './call-roll.ts';
import { ChangeProfile } from './change-profile.ts';
import { CheckIn } from './check-in.ts';
import { CloseRound } from './close-round.ts';
import { CollectUpload } from './collect-upload.ts';
import { CoordinatorError } from './coordinator-error.ts';
import { Custody } from './custody.ts';
import { DeadLetterPost, DeadLetters } from './dead-letters.ts';
import { EnrolClient } from './enrol-client.ts';
import { Experiments } from './experiments.ts';
import { HearRewardModel } from './hear-reward-model.ts';
import { CoordinatorInbox, RewardInbox, UploadInbox } from './inbox.ts';
import { KeepGoing } from './keep-going.ts';
import { KnownSites } from './known-sites.ts';
import { LedgerScribe } from './ledger-scribe.ts';
import { LoseUpload } from './lose-upload.ts';
import { NoteTraining } from './note-training.ts';
import { OpenRound } from './open-round.ts';
import { PruneBlobs } from './prune-blobs.ts';
import { RecordDownload } from './record-download.ts';
import { RecordEvaluation } from './record-evaluation.ts';
import { RecordScores } from './record-scores.ts';
import { RelayOutbox } from './relay-outbox.ts';
import { ReportFault } from './report-fault.ts';
import { RewardRegistry } from './reward-registry.ts';
import { SparseChannels } from './sparse-channels.ts';
import { Submissions } from './submissions.ts';
import { TakeUp } from './take-up.ts';
import { Turns } from './turns.ts';
import { WatchRounds } from './watch-rounds.ts';

/** What the coordinator stands on. */
export interface CoordinatorParts {
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly record: ExperimentRecord;
  readonly blobs: BlobStore;
  /** Signs the ledger's entries. */
  readonly signer: Signer;
  /**
   * `all`, as a service: at boot every unfinished experiment of the record is taken up, and what another replica leaves
   * is gone on with; replicas need one blob store. `asked` (default): only what is submitted or resumed here.
   */
  readonly custody?: Custody['of'];
  /** Sends a dead letter to where it came from, once more. */
  readonly resend?: (letter: DeadLetter) => Promise<void>;
  /** Who may speak as a site; by default whoever does, as in one process. A service says otherwise. */
  readonly newSites?: SiteTrust['newSites'];
  /** Told of errors outside of handlers, which otherwise are logged and what failed tried again. */
  readonly onFault?: (error: Error) => void;
}

/**
 * The coordinator as a service: plans and opens rounds, collects and judges uploads, aggregates, commits. It opens
 * neither data nor base models. Commands go to {@link Experiments}.
 */
@Module({})
export class CoordinatorModule {
  /** Facts that arrive together are recorded in one transaction. */
  static readonly concurrency = 64;

  static register(parts: CoordinatorParts): DynamicModule {
    return {
      module: CoordinatorModule,
      controllers: [CoordinatorInbox, UploadInbox, RewardInbox],
      providers: [
        { provide: Publisher, useValue: parts.publisher },
        { provide: Clock, useValue: parts.clock },
        { provide: ExperimentRecord, useValue: parts.record },
        { provide: BlobStore, useValue: parts.blobs },
        { provide: LedgerScribe, useValue: new LedgerScribe(parts.clock, parts.signer) },
        {
          provide: Custody,
          useFactory: (turns: Turns) => new Custody(parts.custody ?? 'asked', turns),
          inject: [Turns],
        },
        { provide: DeadLetterPost, useValue: { resend: parts.resend ?? noBroker } },
        { provide: SiteTrust, useValue: new SiteTrust(parts.newSites ?? 'same-process') },
        { provide: ReportFault, useValue: new ReportFault(parts.onFault) },
        Experiments,
        ChangeProfile,
        DeadLetters,
        RewardRegistry,
        KnownSites,
        Submissions,
        RelayOutbox,
        Turns,
        CheckIn,
        CallRoll,
        TakeUp,
        WatchRounds,
        KeepGoing,
        EnrolClient,
        BeginRounds,
        OpenRound,
        AdvanceRound,
        CloseRound,
        PruneBlobs,
        SparseChannels,
        RecordDownload,
        RecordEvaluation,
        RecordScores,
        HearRewardModel,
        NoteTraining,
        CollectUpload,
        LoseUpload,
      ],
      exports: [ExperimentRecord, BlobStore, Experiments, ChangeProfile, DeadLetters, RewardRegistry, KnownSites],
    };
  }
}

function noBroker(): Promise<never> {
  const message = 'In one process a message cannot be sent again: resume the experiment instead.';
  return Promise.reject(new CoordinatorError('dead-letter.no-broker', message));
}
