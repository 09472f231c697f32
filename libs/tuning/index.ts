/** What a client does between download and upload, and how a model is trained before any client has it. */
export { TuningError } from './tuning-error.ts';
export { adamW, type AdamWSettings } from './optimisers/adamw.ts';
export { clipGradients } from './optimisers/clip-gradients.ts';
export type { Optimiser, OptimiserState } from './optimisers/optimiser.ts';
export { sgd, type SgdSettings } from './optimisers/sgd.ts';
export { learningRateSchedule, type Schedule, type ScheduleName } from './schedules/learning-rate-schedule.ts';
export { checkSequenceLength, clientProfile, type ClientProfile } from './clients/client-profile.ts';
export {
  initialTensors,
  recipeManifest,
  tensorRecipe,
  type RecipeSettings,
  type TensorRecipe,
} from './clients/tensor-recipe.ts';
export { resizeLora, type LoraSize } from './clients/resize-lora.ts';
export { drawBatch, type BatchKey } from './batches/draw-batch.ts';
export type { Evaluation } from './learner/evaluate.ts';
export type { TuningSettings } from './learner/tune-locally.ts';
export { TuningPool, type TuningPoolOptions } from './workers/tuning-pool.ts';
export type {
  EvaluateAnswer,
  EvaluateRequest,
  LabelledTexts,
  Moments,
  StepProgress,
  TuneAnswer,
  TuneRequest,
} from './workers/tuning-messages.ts';
export { initialDecoder } from './pretraining/initial-decoder.ts';
export { initialEncoder } from './pretraining/initial-encoder.ts';
export type { Checkpoint } from './pretraining/checkpoint.ts';
export { recentLoss, trainSteps, type StepsProgress } from './pretraining/train-steps.ts';
export { writeDurably } from './files/write-durably.ts';
export { callTrainingWorker, type TrainingCall } from './workers/call-training-worker.ts';
export { errorOf, failureOf, type JobFailure } from './workers/job-failure.ts';
export { workerFile, workerFlags } from './workers/worker-thread.ts';
export { BatchPlan } from './pretraining/plan-batches.ts';
export { PolicySession } from './ppo/learner/policy-session.ts';
export {
  updatePolicy,
  type Policy,
  type ScoredCompletions,
  type UpdateFigures,
  type UpdateSettings,
} from './ppo/learner/update-policy.ts';
export { PolicyPool, type PolicyPoolOptions } from './ppo/workers/ppo-pool.ts';
export type { Rollout, RolloutAnswer } from './ppo/workers/ppo-messages.ts';
export {
  tuneByPpo,
  type IterationFigures,
  type PpoRoundResult,
  type PpoRoundSettings,
} from './ppo/round/tune-by-ppo.ts';
export type { PromptAndCompletion, RewardKey, RewardScorer } from './ppo/round/reward-scorer.ts';
export { judge, type RewardWeights } from './ppo/round/weigh-rewards.ts';
export { pretrain, tuneOnInstructions, type TrainingCallOptions } from './pretraining/train-in-worker.ts';
export type { TrainingProgress, TrainingReport } from './pretraining/training-report.ts';
export { promptTokens, responseTokens } from './instruction-tuning/prompt-tokens.ts';
export { streamText, type StreamTextOptions } from './generation/stream-text.ts';
export type { GeneratedText, TextPrompt } from './generation/generation-messages.ts';
