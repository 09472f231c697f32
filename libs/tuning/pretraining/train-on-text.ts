import type { NamedTensors } from '#parameters';
import { TuningError } from '../tuning-error.ts';
import type { Checkpoint } from './checkpoint.ts';
import { heldOutLoss, type HeldOutText } from './held-out-loss.ts';
import type { TokenBatch } from './token-batch.ts';
import type { TokenSession } from './token-session.ts';
import { type StepSettings, type TrainingRun, trainSteps } from './train-steps.ts';
import type { TrainingProgress } from './training-report.ts';

interface TextRun extends Pick<TrainingRun<unknown>, 'folder' | 'initial' | 'stopRequested'> {
  readonly session: TokenSession;
  readonly batch: (step: number) => TokenBatch;
  readonly heldOut: HeldOutText;
  readonly onProgress: (progress: TrainingProgress) => void;
}

/** Trains what predicts tokens. Rejects with `pretraining.stopped` or `pretraining.diverged`. */
export function trainOnText(settings: StepSettings, run: TextRun): Promise<Checkpoint> {
  const { session, heldOut } = run;
  return trainSteps(settings, {
    ...run,
    gradients: (parameters: NamedTensors, step: number) => session.gradients(parameters, run.batch(step)),
    measure: (parameters) => heldOutLoss(session, parameters, heldOut),
    endedEarly: (how, message) => new TuningError(`pretraining.${how}`, message, { retryable: how === 'stopped' }),
  });
}
