/** Reward models: trained from ranked pairs, kept as folders, opened to score completions. */
export { RewardError } from './reward-error.ts';
export { trainRewardModel } from './training/train-reward-model.ts';
export type { RewardTrainingProgress, RewardTrainingReport } from './training/training-report.ts';
