/** Reward models: trained from ranked pairs, kept as folders, opened to score completions. */
export { RewardError } from './reward-error.ts';
export { trainRewardModel } from './training/train-reward-model.ts';
export type { RewardTrainingProgress, RewardTrainingReport } from './training/training-report.ts';
export { openRewardModel } from './model/open-reward-model.ts';
export { defineRewardModel, type RewardModelDefinition } from './model/define-reward-model.ts';
export type { RewardCard, RewardModel, Score } from './model/reward-model.ts';
export type { Completion } from './scoring/encode-pair.ts';
export { ScoringDesk } from './service/scoring-desk.ts';
export { scoreQuestion, type ModelAnswer, type ScoreAnswer } from './service/score-exchange.ts';
export { runBattery, type CheckResult } from './conformance/battery.ts';
export { httpConnection } from './conformance/http-connection.ts';
export type { RewardConnection } from './conformance/reward-connection.ts';
export { InSiteModels } from './scorer/in-site-models.ts';
export { ModelServices } from './scorer/model-services.ts';
export { ScoreStore, type StoredAnswer } from './scorer/score-store.ts';
export { StoredScorer, type AskedModel } from './scorer/stored-scorer.ts';
export { CheckModule, EventsConnection } from './conformance/events-connection.ts';
