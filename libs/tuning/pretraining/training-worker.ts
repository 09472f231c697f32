import { parentPort, workerData } from 'node:worker_threads';
import type { PretrainSpec, TuneSpec } from '#contracts';
import { runInstructionTuning } from '../instruction-tuning/run-instruction-tuning.ts';
import { failureOf, type JobFailure } from '../workers/job-failure.ts';
import { runPretraining } from './run-pretraining.ts';
import type { TrainingProgress, TrainingReport } from './training-report.ts';

export type TrainingJob =
  { readonly kind: 'pretrain'; readonly spec: PretrainSpec } | { readonly kind: 'tune'; readonly spec: TuneSpec };

/** What the worker is started with; `stop` is one int32 that becomes 1 when the run is to stop. */
interface TrainingOrder {
  readonly job: TrainingJob;
  readonly workFolder: string;
  readonly threads: number;
  readonly stop: Int32Array;
}

/** What the worker says: any number of times progress, then one of the others. */
type TrainingMessage =
  { readonly progress: TrainingProgress } | { readonly report: TrainingReport } | { readonly failure: JobFailure };

const { job, workFolder, threads, stop } = workerData as TrainingOrder;
const say = (message: TrainingMessage): void => {
  parentPort?.postMessage(message);
};

try {
  const options = {
    workFolder,
    threads,
    onProgress: (progress: TrainingProgress) => {
      say({ progress });
    },
    stopRequested: () => Atomics.load(stop, 0) !== 0,
  };
  const report =
    job.kind === 'pretrain' ? await runPretraining(job.spec, options) : await runInstructionTuning(job.spec, options);
  say({ report });
} catch (error) {
  say({ failure: failureOf(error) });
}
