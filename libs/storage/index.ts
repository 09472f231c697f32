/** What a run keeps: the record in PostgreSQL, an external one or the embedded server, and blobs and files on disk. */
export { BlobStore } from './blobs/blob-store.ts';
export { keepSwept, sweepPartials } from './blobs/sweep-partials.ts';
export { streamTensors } from './blobs/stream-tensors.ts';
export { writeFileAtomically } from './blobs/write-file-atomically.ts';
export { StorageError } from './storage-error.ts';
export { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded/embedded-postgres.ts';
export { holderOf, lockHome } from './home-lock.ts';
export { openSigningKey } from './keys/open-signing-key.ts';
export { openRecord, type RecordPlace, type RecordServer, startRecordServer } from './open-record.ts';
export { withCommit, type Connection } from './connection.ts';
export { ExperimentRecord } from './record.ts';
export { closingFigures, type ClosingFigures } from './figures/closing-figures.ts';
export { meanInterval } from './figures/mean-interval.ts';
export { clientFigures, type ClientFigures, type OwnDecoder } from './figures/client-figures.ts';
export { findExperiment, latestUnfinished, listExperiments, type ExperimentLine } from './figures/experiments.ts';
export { roundFigures, type RoundFigures } from './figures/round-figures.ts';
export {
  listEnrolments,
  listEvaluations,
  listProfiles,
  pageOfScores,
  pageOfTransmissions,
} from './figures/history-page.ts';
export { recordTotals, type Totals } from './figures/totals.ts';
export { listTransmissions } from './figures/transmissions.ts';
export type { Row } from './entities/row.ts';
export { Client } from './entities/client.ts';
export { ClientProfile } from './entities/client-profile.ts';
export { CohortMember } from './entities/cohort-member.ts';
export { Contribution } from './entities/contribution.ts';
export { Evaluation, type RecordedReward } from './entities/evaluation.ts';
export { Experiment, type ExperimentState } from './entities/experiment.ts';
export { OutgoingFact } from './entities/outgoing-fact.ts';
export { LedgerEntry } from './entities/ledger-entry.ts';
export { LocalTraining } from './entities/local-training.ts';
export type { RewardModel } from './entities/reward-model.ts';
export { Score } from './entities/score.ts';
export { Site } from './entities/site.ts';
export { Round as RoundRow } from './entities/round.ts';
export { Transmission } from './entities/transmission.ts';
export {
  allowRoundMore,
  closeRound,
  findRound,
  insertRound,
  latestRound,
  listCohort,
  listOpenRounds,
  noteAnswered,
  openPlannedRound,
  type RoundEnding,
  type RoundKey,
} from './statements/change-round.ts';
export {
  appendEntries,
  countEntriesOf,
  hasEntryOf,
  introduceCoordinator,
  ledgerHead,
  listEntries,
} from './statements/append-entries.ts';
export type { Wait } from './statements/wait.ts';
export { markBlobStore } from './statements/blob-marker.ts';
export {
  claimDeadLetter,
  insertDeadLetter,
  listDeadLetters,
  releaseDeadLetter,
  type DeadLetterLine,
} from './statements/dead-letters.ts';
export {
  claimOutbox,
  forgetOutgoing,
  listOutgoing,
  listUnpublished,
  stateFacts,
  type NewFact,
} from './statements/outbox.ts';
export {
  columnsOf,
  recordHistory,
  type Columns,
  type HistoryRow,
  type RecordedRow,
} from './statements/record-history.ts';
export {
  allowEnrolment,
  answerRoll,
  beginRoll,
  countRoll,
  isWaitingUntil,
  listEnrolling,
  listRoll,
} from './statements/roll-call.ts';
export { findClient, listClients } from './statements/find-clients.ts';
export { latestProfile, listChangedProfiles } from './statements/find-profiles.ts';
export { findContribution, listAccepted, listPrunable } from './statements/find-contributions.ts';
export { findKeep, listSparseRounds, type SparseRound } from './statements/sparse-rounds.ts';
export { roundHistory, type RoundHistory } from './statements/round-history.ts';
export {
  insertExperiment,
  listUnfinished,
  lockExperiment,
  moveExperiment,
  type ExperimentProgress,
  type NewExperiment,
} from './statements/submit-experiment.ts';
export {
  firstDigest,
  listAwaitingRounds,
  listPresences,
  findRewardModel,
  type KnownRewardModel,
  listRewardModels,
  noteRewardsAsked,
  noteRewardsWaited,
  putRewardModel,
  retireRewardModel,
} from './statements/reward-models.ts';
export { addSite, countSites, findSite, listSites } from './statements/sites.ts';
