import type { RewardSpec } from '#contracts';
import { callTrainingWorker, type TrainingCall } from '#tuning';
import { RewardError } from '../reward-error.ts';
import type { RewardTrainingProgress, RewardTrainingReport } from './training-report.ts';

/** `signal` ends the run with `reward.stopped`. */
export type TrainRewardOptions = TrainingCall<RewardTrainingProgress>;

/**
 * Trains a reward model from ranked pairs, in a worker thread, and writes its folder under `spec.out`. Paths in the spec are
 * absolute. Rejects with an error that has a code: of the data, the model, or `reward.*`.
 */
export function trainRewardModel(spec: RewardSpec, options: TrainRewardOptions): Promise<RewardTrainingReport> {
  const worker = { importer: import.meta.url, name: 'reward-training-worker' };
  const ended = (code: number): RewardError =>
    new RewardError('reward.failed', `The training thread ended with code ${code}.`, { retryable: true });
  return callTrainingWorker(worker, { spec }, options, ended);
}
