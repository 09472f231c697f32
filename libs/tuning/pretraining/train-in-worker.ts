import type { PretrainSpec, TuneSpec } from '#contracts';
import { TuningError } from '../tuning-error.ts';
import { callTrainingWorker, type TrainingCall } from '../workers/call-training-worker.ts';
import type { TrainingProgress, TrainingReport } from './training-report.ts';
import type { TrainingJob } from './training-worker.ts';

/** Tokenised text is kept in the work folder too; `signal` ends the run with `pretraining.stopped`. */
export type TrainingCallOptions = TrainingCall<TrainingProgress>;

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

function trainInWorker(job: TrainingJob, options: TrainingCallOptions): Promise<TrainingReport> {
  const worker = { importer: import.meta.url, name: 'training-worker' };
  const ended = (code: number): TuningError =>
    new TuningError('pretraining.failed', `The training thread ended with code ${code}.`, { retryable: true });
  return callTrainingWorker(worker, { job }, options, ended);
}
