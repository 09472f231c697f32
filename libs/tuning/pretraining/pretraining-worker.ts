import { parentPort, workerData } from 'node:worker_threads';
import type { PretrainSpec } from '#contracts';
import { failureOf, type JobFailure } from '../workers/job-failure.ts';
import type { PretrainingProgress, PretrainingReport } from './pretraining-report.ts';
import { runPretraining } from './run-pretraining.ts';

/** What the worker is started with; `stop` is one int32 that becomes 1 when the run is to stop. */
export interface PretrainingOrder {
  readonly spec: PretrainSpec;
  readonly workFolder: string;
  readonly threads: number;
  readonly stop: Int32Array;
}

/** What the worker says: any number of times progress, then one of the others. */
export type PretrainingMessage =
  | { readonly progress: PretrainingProgress }
  | { readonly report: PretrainingReport }
  | { readonly failure: JobFailure };

const { spec, workFolder, threads, stop } = workerData as PretrainingOrder;
const say = (message: PretrainingMessage): void => {
  parentPort?.postMessage(message);
};

try {
  const report = await runPretraining(spec, {
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
