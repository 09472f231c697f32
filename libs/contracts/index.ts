/** Every event on the wire, in the order of a round, and the specs that users write. */
export { defineContract, type Contract, type DataOf, type Route } from './contract.ts';
export { topics, type Topic, type TopicDeclaration } from './topics.ts';
export { envelopeSchema, type Envelope } from './envelope.ts';
export { contracts } from './catalogue.ts';
export {
  baseModel,
  experimentFailed,
  experimentFinished,
  experimentSubmitted,
  type BaseModel,
} from './facts/experiment.ts';
export { clientEnrolled, enrolmentRefused } from './facts/enrolment.ts';
export { profileChanged } from './facts/profile.ts';
export { linksMeasured, roundAbandoned, roundCommitted, roundOpened, roundPlanned } from './facts/round.ts';
export {
  downloadDelivered,
  downloadLost,
  uploadDelivered,
  uploadLost,
  uploadSent,
  uploadWithheld,
} from './facts/transfer.ts';
export {
  completionItems,
  completionsRefused,
  completionsScored,
  completionsSubmitted,
  MOST_COMPLETIONS,
  MOST_REQUEST_CHARACTERS,
  rewardScore,
  scoreRange,
  scoresRecorded,
} from './facts/scoring.ts';
export { NO_EXPERIMENT, rewardModelAnnounced, rewardModelCard, rewardModelsAwaited } from './facts/reward-model.ts';
export { evaluationReported } from './facts/evaluation.ts';
export {
  clientName,
  digest,
  experimentId,
  publicKey,
  rewardModelName,
  roundNumber,
  siteName,
  type BlobReference,
  type Score,
  type TransmissionRecord,
  evaluatedArm,
  type EvaluatedArm,
  rolloutMeasure,
  type RolloutMeasure,
} from './vocabulary.ts';
export {
  baseMemoryBudgetBytes,
  basePrecision,
  experimentSpec,
  profileChange,
  type ClientProfileSpec,
  type ExperimentSpec,
  type ProfileChange,
} from './spec/experiment-spec.ts';
export { changedProfile, firstProfile, type ProfileInForce } from './spec/profile-in-force.ts';
export { ownData, type DataSpec, type GeneralTestSpec, type OwnData } from './spec/data-spec.ts';
export { namesService, rewardModels, rewardsByServices, type RewardModelSpec } from './spec/reinforcement-spec.ts';
export { type LinkSpec } from './spec/link-spec.ts';
export { pretrainSpec, type PretrainSpec } from './spec/pretrain-spec.ts';
export { rewardSpec, type RewardSpec } from './spec/reward-spec.ts';
export { tuneSpec, type TuneSpec } from './spec/tune-spec.ts';
export { explainIssues, problemsOf, writtenPath, type Problem } from './spec/explain-issues.ts';
