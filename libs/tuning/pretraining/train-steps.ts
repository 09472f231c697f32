import type { NamedTensors } from '#parameters';
import { adamW } from '../optimisers/adamw.ts';
import { clipGradients } from '../optimisers/clip-gradients.ts';
import { learningRateSchedule } from '../schedules/learning-rate-schedule.ts';
import { readLatestCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts';

export interface StepSettings {
  readonly steps: number;
  readonly learningRate: number;
  readonly warmupFraction: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
  readonly saveEverySteps: number;
  readonly evaluateEverySteps: number;
}

/** Where a training is: steps, what held-out data say of it on the way, checkpoints. */
export type StepsProgress<Measure> =
  | { readonly phase: 'resumed'; readonly step: number; readonly steps: number }
  | {
      readonly phase: 'step';
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly learningRate: number;
    }
  | ({ readonly phase: 'held-out'; readonly step: number; readonly steps: number } & Measure)
  | { readonly phase: 'saved'; readonly step: number };

export interface TrainingRun<Measure> {
  /** Where checkpoints are. */
  readonly folder: string;
  /** What training begins with when there is no checkpoint. */
  readonly initial: () => NamedTensors;
  /** Mean loss of a step's batch, and the gradient of every parameter. */
  readonly gradients: (
    parameters: NamedTensors,
    step: number,
  ) => Promise<{ readonly loss: number; readonly gradients: NamedTensors }>;
  /** How good the parameters are on what is held out. */
  readonly measure: (parameters: NamedTensors) => Promise<Measure>;
  readonly onProgress: (progress: StepsProgress<Measure>) => void;
  /** Asked between steps; on true the run stores a checkpoint and stops. */
  readonly stopRequested: () => boolean;
  /** The error of a run that ends early; one that was stopped goes on when it is started again. */
  readonly endedEarly: (how: 'stopped' | 'diverged', message: string) => Error;
}

/** Losses that the reported training loss is the mean of. */
const RECENT = 100;

/** AdamW with warm-up and linear decay. A run that was cut goes on from its last checkpoint to the same bits. */
export async function trainSteps<Measure>(settings: StepSettings, run: TrainingRun<Measure>): Promise<Checkpoint> {
  const { steps, learningRate, warmupFraction, weightDecay, clipNorm } = settings;
  const { folder, onProgress } = run;
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
      throw run.endedEarly('stopped', `Stopped after step ${step} of ${steps}; start again to go on.`);
    }
    const { loss, gradients } = await run.gradients(parameters, step);
    const norm = clipGradients(gradients, clipNorm);
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      const cure = 'lower training.learningRate, or lengthen the warm-up';
      throw run.endedEarly('diverged', `The loss is ${loss} at step ${step + 1}: ${cure}.`);
    }
    const rate = learningRate * schedule(step);
    optimiser.update(gradients, state, parameters, rate);
    step += 1;
    recentLosses = [...recentLosses, loss].slice(-RECENT);
    onProgress({ phase: 'step', step, steps, loss, learningRate: rate });
    if (step % settings.evaluateEverySteps === 0 && step < steps) {
      onProgress({ phase: 'held-out', step, steps, ...(await run.measure(parameters)) });
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
