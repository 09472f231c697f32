import type { NamedTensors } from '#parameters';
import { adamW } from '../optimisers/adamw.ts';
import { clipGradients } from '../optimisers/clip-gradients.ts';
import { learningRateSchedule } from '../schedules/learning-rate-schedule.ts';
import { TuningError } from '../tuning-error.ts';
import { readLatestCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts';
import { heldOutLoss, type HeldOutText } from './held-out-loss.ts';
import type { TokenBatch } from './token-batch.ts';
import type { TokenSession } from './token-session.ts';
import type { TrainingProgress } from './training-report.ts';

export interface StepSettings {
  readonly steps: number;
  readonly learningRate: number;
  readonly warmupFraction: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  readonly saveEverySteps: number;
  readonly evaluateEverySteps: number;
}

export interface TrainingRun {
  readonly session: TokenSession;
  /** Where checkpoints are. */
  readonly folder: string;
  /** What training begins with when there is no checkpoint. */
  readonly initial: () => NamedTensors;
  readonly batch: (step: number) => TokenBatch;
  readonly heldOut: HeldOutText;
  readonly onProgress: (progress: TrainingProgress) => void;
  /** Asked between steps; on true the run stores a checkpoint and stops. */
  readonly stopRequested: () => boolean;
}

/** Losses that the reported training loss is the mean of. */
const RECENT = 100;

/** AdamW with warm-up and linear decay. A run that was cut goes on from its last checkpoint to the same bits. */
export async function trainSteps(settings: StepSettings, run: TrainingRun): Promise<Checkpoint> {
  const { steps, learningRate, warmupFraction, weightDecay, clipNorm } = settings;
  const { session, folder, onProgress } = run;
  const optimiser = adamW({ weightDecay, decays: (name) => !/bias$|norm\.weight$/.test(name) });
  const schedule = learningRateSchedule('linear', steps, Math.round(steps * warmupFraction));
  const start = (await readLatestCheckpoint(folder)) ?? firstCheckpoint(run.initial());
  const { parameters, optimiser: state } = start;
  let { step, recentLosses } = start;
  if (step > 0) onProgress({ phase: 'resumed', step, steps });
  const save = async (): Promise<Checkpoint> => {
    const checkpoint = { step, parameters, optimiser: state, recentLosses };
    await writeCheckpoint(folder, checkpoint);
    onProgress({ phase: 'saved', step });
    return checkpoint;
  };
  while (step < steps) {
    if (run.stopRequested()) {
      await save();
      throw new TuningError('pretraining.stopped', `Stopped after step ${step} of ${steps}; start again to go on.`, {
        retryable: true,
      });
    }
    const { loss, gradients } = await session.gradients(parameters, run.batch(step));
    const norm = clipGradients(gradients, clipNorm);
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) throw diverged(step, loss);
    const rate = learningRate * schedule(step);
    optimiser.update(gradients, state, parameters, rate);
    step += 1;
    recentLosses = [...recentLosses, loss].slice(-RECENT);
    onProgress({ phase: 'step', step, steps, loss, learningRate: rate });
    if (step % settings.evaluateEverySteps === 0 && step < steps) {
      onProgress({ phase: 'held-out', step, steps, ...(await heldOutLoss(session, parameters, run.heldOut)) });
    }
    if (step % settings.saveEverySteps === 0 && step < steps) await save();
  }
  return save();
}

function firstCheckpoint(parameters: NamedTensors): Checkpoint {
  return { step: 0, parameters, optimiser: adamW().initial(parameters), recentLosses: [] };
}

/** The mean of the latest losses. */
export function recentLoss({ recentLosses }: Checkpoint): number {
  return recentLosses.reduce((sum, loss) => sum + loss, 0) / recentLosses.length;
}

function diverged(step: number, loss: number): TuningError {
  return new TuningError(
    'pretraining.diverged',
    `The loss is ${loss} at step ${step + 1}: lower training.learningRate, or lengthen the warm-up.`,
  );
}
