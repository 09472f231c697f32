import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { RewardSpec } from '#contracts';
import { errorOf, workerFile, workerFlags } from '#tuning';
import { RewardError } from '../reward-error.ts';
import type { RewardTrainingMessage, RewardTrainingOrder } from './reward-training-worker.ts';
import type { RewardTrainingProgress, RewardTrainingReport } from './training-report.ts';

export interface TrainRewardOptions {
  /** Checkpoints; a run of the same spec and pairs goes on from there. */
  readonly workFolder: string;
  readonly onProgress?: (progress: RewardTrainingProgress) => void;
  /** On abort the run stores a checkpoint and rejects with `reward.stopped`. */
  readonly signal?: AbortSignal;
  /** Default: the machine's cores. */
  readonly threads?: number;
}

/**
 * Trains a reward model from ranked pairs, in a worker thread, and writes its folder under `spec.out`. Paths in the spec are
 * absolute. Rejects with an error that has a code: of the data, the model, or `reward.*`.
 */
export async function trainRewardModel(spec: RewardSpec, options: TrainRewardOptions): Promise<RewardTrainingReport> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const threads = options.threads ?? availableParallelism();
  const order: RewardTrainingOrder = { spec, workFolder: options.workFolder, threads, stop };
  const worker = new Worker(workerFile(import.meta.url, 'reward-training-worker'), {
    workerData: order,
    execArgv: workerFlags(import.meta.url),
  });
  const requestStop = (): void => {
    Atomics.store(stop, 0, 1);
  };
  if (options.signal?.aborted === true) requestStop();
  options.signal?.addEventListener('abort', requestStop, { once: true });
  try {
    return await outcomeOf(worker, options.onProgress ?? (() => undefined));
  } finally {
    options.signal?.removeEventListener('abort', requestStop);
    await worker.terminate();
  }
}

function outcomeOf(
  worker: Worker,
  onProgress: (progress: RewardTrainingProgress) => void,
): Promise<RewardTrainingReport> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: RewardTrainingMessage) => {
      if ('progress' in message) onProgress(message.progress);
      else if ('report' in message) resolve(message.report);
      else reject(errorOf(message.failure));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      reject(new RewardError('reward.failed', `The training thread ended with code ${code}.`, { retryable: true }));
    });
  });
}
