import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { errorOf, workerFile, workerFlags, type JobFailure } from '#tuning';
import { readRewardFolder } from '../folder/read-folder.ts';
import { RewardError } from '../reward-error.ts';
import type { Completion } from '../scoring/encode-pair.ts';
import type { RewardModel } from './reward-model.ts';
import type { ScoreAnswer, ScoreJob, ScoreWorkerOrder } from './score-worker.ts';

/** A reward folder with an ONNX model, scored in a worker thread, so that the caller's event loop stays free. */
export async function openOnnxRewardModel(
  folder: string,
  options: { readonly threads?: number } = {},
): Promise<RewardModel> {
  const { name, version, digest, range, standardisation } = await readRewardFolder(folder);
  const scoring = await ScoringThread.start({ folder, threads: options.threads ?? 1 });
  return {
    card: { name, version, digest, kind: 'onnx', range, standardisation },
    score: (completions) => scoring.score(completions),
    close: () => scoring.close(),
  };
}

interface Waiting {
  readonly resolve: (scores: readonly number[]) => void;
  readonly reject: (error: Error) => void;
}

/** One worker thread with one open session; jobs are answered in the order in which they come. */
class ScoringThread {
  private readonly worker: Worker;
  private readonly stop: Int32Array;
  private readonly waiting = new Map<number, Waiting>();
  private jobs = 0;
  private ended: Error | undefined;

  private constructor(worker: Worker, stop: Int32Array) {
    this.worker = worker;
    this.stop = stop;
    worker.on('message', (answer: ScoreAnswer) => {
      const asked = this.waiting.get(answer.job);
      this.waiting.delete(answer.job);
      if ('scores' in answer) asked?.resolve(answer.scores);
      else asked?.reject(errorOf(answer.failure));
    });
    worker.on('error', (error: Error) => {
      this.end(error);
    });
    worker.on('exit', () => {
      this.end(new RewardError('reward.closed', 'The scoring thread has ended.', { retryable: true }));
    });
  }

  static async start({ folder, threads }: Omit<ScoreWorkerOrder, 'stop'>): Promise<ScoringThread> {
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const order: ScoreWorkerOrder = { folder, threads, stop };
    const worker = new Worker(workerFile(import.meta.url, 'score-worker'), {
      workerData: order,
      execArgv: workerFlags(import.meta.url),
    });
    const [first] = (await once(worker, 'message')) as [{ readonly ready: true } | { readonly failure: JobFailure }];
    if ('failure' in first) {
      await worker.terminate();
      throw errorOf(first.failure);
    }
    return new ScoringThread(worker, stop);
  }

  score(completions: readonly Completion[]): Promise<readonly number[]> {
    if (this.ended !== undefined) return Promise.reject(this.ended);
    this.jobs += 1;
    const job: ScoreJob = { job: this.jobs, completions };
    const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
    this.waiting.set(job.job, { resolve, reject });
    this.worker.postMessage(job);
    return promise;
  }

  /** Gives up what is under way before its next batch: a thread that is ended inside of ONNX Runtime takes the process along. */
  async close(): Promise<void> {
    this.ended ??= new RewardError('reward.closed', 'The reward model is closed.', { retryable: true });
    Atomics.store(this.stop, 0, 1);
    const exit = once(this.worker, 'exit');
    this.worker.postMessage(null);
    await exit;
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
