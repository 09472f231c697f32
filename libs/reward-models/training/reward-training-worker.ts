import { parentPort, workerData } from 'node:worker_threads';
import type { RewardSpec } from '#contracts';
import { failureOf, type JobFailure } from '#tuning';
import { runRewardTraining } from './run-reward-training.ts';
import type { RewardTrainingProgress, RewardTrainingReport } from './training-report.ts';

/** What the worker is started with; `stop` is one int32 that becomes 1 when the run is to stop. */
interface RewardTrainingOrder {
  readonly spec: RewardSpec;
  readonly workFolder: string;
  readonly threads: number;
  readonly stop: Int32Array;
}

/** What the worker says: any number of times progress, then one of the others. */
type RewardTrainingMessage =
  | { readonly progress: RewardTrainingProgress }
  | { readonly report: RewardTrainingReport }
  | { readonly failure: JobFailure };

const { spec, workFolder, threads, stop } = workerData as RewardTrainingOrder;
const say = (message: RewardTrainingMessage): void => {
  parentPort?.postMessage(message);
};

try {
  const report = await runRewardTraining(spec, {
    workFolder,
    threads,
    onProgress: (progress) => {
      say({ progress });
    },
    stopRequested: () => Atomics.load(stop, 0) !== 0,
  });
  say({ report });
} catch (error) {
  say({ failure: failureOf(error) });
}
