import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { PretrainSpec, TuneSpec } from '#contracts';
import { TuningError } from '../tuning-error.ts';
import { errorOf } from '../workers/job-failure.ts';
import { workerFile, workerFlags } from '../workers/worker-thread.ts';
import type { TrainingProgress, TrainingReport } from './training-report.ts';
import type { TrainingJob, TrainingMessage, TrainingOrder } from './training-worker.ts';

export interface TrainingCallOptions {
  /** Tokenised text and checkpoints; a run of the same spec and text goes on from there. */
  readonly workFolder: string;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** On abort the run stores a checkpoint and rejects with `pretraining.stopped`. */
  readonly signal?: AbortSignal;
  /** Default: the machine's cores. */
  readonly threads?: number;
}

/**
 * Pre-trains a model from text, in a worker thread: tokenizer, corpus, steps of masked words (encoders) or next tokens (GPT-2), and a
 * Hugging Face folder under `spec.out`. Paths in the spec are absolute. Rejects with an error that has a code: of the data, the
 * model, or `pretraining.*`.
 */
export async function pretrain(spec: PretrainSpec, options: TrainingCallOptions): Promise<TrainingReport> {
  if (spec.model.type !== 'gpt2' && !spec.tokenizer.lowerCase)
    throw new TuningError(
      'pretraining.spec',
      'tokenizer.lowerCase: only lower-cased WordPiece vocabularies are trained so far; leave it true.',
    );
  return trainInWorker({ kind: 'pretrain', spec }, options);
}

/** Supervised instruction tuning of a GPT-2 folder, in the same way. */
export async function tuneOnInstructions(spec: TuneSpec, options: TrainingCallOptions): Promise<TrainingReport> {
  return trainInWorker({ kind: 'tune', spec }, options);
}

async function trainInWorker(job: TrainingJob, options: TrainingCallOptions): Promise<TrainingReport> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const threads = options.threads ?? availableParallelism();
  const order: TrainingOrder = { job, workFolder: options.workFolder, threads, stop };
  const worker = new Worker(workerFile(import.meta.url, 'training-worker'), {
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

function outcomeOf(worker: Worker, onProgress: (progress: TrainingProgress) => void): Promise<TrainingReport> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: TrainingMessage) => {
      if ('progress' in message) onProgress(message.progress);
      else if ('report' in message) resolve(message.report);
      else reject(errorOf(message.failure));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      reject(
        new TuningError('pretraining.failed', `The training thread ended with code ${code}.`, { retryable: true }),
      );
    });
  });
}
