import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { PretrainSpec } from '#contracts';
import { TuningError } from '../tuning-error.ts';
import { errorOf } from '../workers/job-failure.ts';
import { workerFile, workerFlags } from '../workers/worker-thread.ts';
import type { PretrainingProgress, PretrainingReport } from './pretraining-report.ts';
import type { PretrainingMessage, PretrainingOrder } from './pretraining-worker.ts';

export interface PretrainOptions {
  /** Tokenised text and checkpoints; a run of the same spec and text goes on from there. */
  readonly workFolder: string;
  readonly onProgress?: (progress: PretrainingProgress) => void;
  /** On abort the run stores a checkpoint and rejects with `pretraining.stopped`. */
  readonly signal?: AbortSignal;
  /** Default: the machine's cores. */
  readonly threads?: number;
}

/**
 * Pre-trains an encoder from text, in a worker thread: tokenizer, corpus, masked-language-model steps, and a Hugging Face
 * folder under `spec.out`. Paths in the spec are absolute. Rejects with an error that has a code: of the data, the model,
 * or `pretraining.*`.
 */
export async function pretrainEncoder(spec: PretrainSpec, options: PretrainOptions): Promise<PretrainingReport> {
  if (!spec.tokenizer.lowerCase)
    throw new TuningError(
      'pretraining.spec',
      'tokenizer.lowerCase: only lower-cased vocabularies are trained so far; leave it true.',
    );
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const threads = options.threads ?? availableParallelism();
  const order: PretrainingOrder = { spec, workFolder: options.workFolder, threads, stop };
  const worker = new Worker(workerFile(import.meta.url, 'pretraining-worker'), {
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

function outcomeOf(worker: Worker, onProgress: (progress: PretrainingProgress) => void): Promise<PretrainingReport> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: PretrainingMessage) => {
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
