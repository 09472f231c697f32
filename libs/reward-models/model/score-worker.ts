import { parentPort, workerData } from 'node:worker_threads';
import { failureOf, type JobFailure } from '#tuning';
import { RewardError } from '../reward-error.ts';
import type { Completion } from '../scoring/encode-pair.ts';
import { ScoreSession } from '../scoring/score-session.ts';

/** What the worker is started with; `stop` is one int32 that becomes 1 when work is to be given up. */
export interface ScoreWorkerOrder {
  readonly folder: string;
  readonly threads: number;
  readonly stop: Int32Array;
}

export interface ScoreJob {
  readonly job: number;
  readonly completions: readonly Completion[];
}

/** After `{ ready: true }`, or a failure without a job when the model cannot be opened, one answer a job. */
export type ScoreAnswer =
  { readonly job: number; readonly scores: readonly number[] } | { readonly job: number; readonly failure: JobFailure };

const { folder, threads, stop } = workerData as ScoreWorkerOrder;
const say = (message: unknown): void => {
  parentPort?.postMessage(message);
};

const beforeBatch = (): void => {
  if (Atomics.load(stop, 0) !== 0)
    throw new RewardError('reward.closed', 'The reward model was closed while it scored.', { retryable: true });
};

try {
  const session = await ScoreSession.open(folder, threads);
  let before = Promise.resolve();
  parentPort?.on('message', (job: ScoreJob | null) => {
    before = before.then(async () => {
      if (job === null) {
        await session.close();
        parentPort?.close();
        return;
      }
      try {
        say({ job: job.job, scores: await session.score(job.completions, { beforeBatch }) });
      } catch (error) {
        say({ job: job.job, failure: failureOf(error) });
      }
    });
  });
  say({ ready: true });
} catch (error) {
  say({ failure: failureOf(error) });
}
