import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { errorOf, type JobFailure } from './job-failure.ts';
import { workerFile, workerFlags } from './worker-thread.ts';

/** How a training of many minutes is called. */
export interface TrainingCall<Progress> {
  /** Checkpoints; a run of the same spec and data goes on from there. */
  readonly workFolder: string;
  readonly onProgress?: (progress: Progress) => void;
  /** On abort the run stores a checkpoint and rejects with `….stopped`. */
  readonly signal?: AbortSignal;
  /** Default: the machine's cores. */
  readonly threads?: number;
}

/** What a training worker says: any number of times progress, then one of the others. */
type TrainingSaid<Progress, Report> =
  { readonly progress: Progress } | { readonly report: Report } | { readonly failure: JobFailure };

/**
 * Runs a training in the worker `name` beside `importer`, and answers its report. The worker is given `what` with work
 * folder, threads and `stop`, one int32 that becomes 1 when the run is to stop. Rejects with the worker's own error, or with
 * `ended(code)` when the thread ends without a word.
 */
export async function callTrainingWorker<Progress, Report>(
  { importer, name }: { readonly importer: string; readonly name: string },
  what: object,
  call: TrainingCall<Progress>,
  ended: (code: number) => Error,
): Promise<Report> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const threads = call.threads ?? availableParallelism();
  const worker = new Worker(workerFile(importer, name), {
    workerData: { ...what, workFolder: call.workFolder, threads, stop },
    execArgv: workerFlags(importer),
  });
  const requestStop = (): void => {
    Atomics.store(stop, 0, 1);
  };
  if (call.signal?.aborted === true) requestStop();
  call.signal?.addEventListener('abort', requestStop, { once: true });
  try {
    return await new Promise<Report>((resolve, reject) => {
      worker.on('message', (message: TrainingSaid<Progress, Report>) => {
        if ('progress' in message) call.onProgress?.(message.progress);
        else if ('report' in message) resolve(message.report);
        else reject(errorOf(message.failure));
      });
      worker.once('error', reject);
      worker.once('exit', (code) => {
        reject(ended(code));
      });
    });
  } finally {
    call.signal?.removeEventListener('abort', requestStop);
    await worker.terminate();
  }
}
