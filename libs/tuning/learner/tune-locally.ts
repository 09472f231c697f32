import type { NamedTensors } from '#parameters';
import { padBatch } from '../batches/pad-batch.ts';
import type { TokenisedExamples } from '../batches/tokenised-examples.ts';
import { chooseOptimiser, type OptimiserChoice } from '../optimisers/choose-optimiser.ts';
import { clipGradients } from '../optimisers/clip-gradients.ts';
import type { OptimiserState } from '../optimisers/optimiser.ts';
import { learningRateSchedule, type ScheduleName } from '../schedules/learning-rate-schedule.ts';
import type { ClassifierSession } from './classifier-session.ts';

/** How parameters move along gradients. */
export interface DescentSettings extends OptimiserChoice {
  readonly learningRate: number;
  readonly clipNorm: number;
  readonly schedule: ScheduleName;
  /** The schedule's length in steps, over all rounds. */
  readonly totalSteps: number;
  readonly warmupSteps: number;
  /** Steps that came before this job: rounds before × steps. */
  readonly firstStep: number;
}

/** How a client trains; everything but the tensors and the examples. */
export interface TuningSettings extends DescentSettings {
  /** alpha / rank of this client's LoRA. */
  readonly loraScale: number;
}

/** What a client trains on between download and upload: its examples, and which of them each step takes. */
export interface LocalData {
  readonly examples: TokenisedExamples;
  readonly batches: readonly (readonly number[])[];
}

/** `stopped` when a loss, a gradient or a parameter was not finite any more: no error, for a round goes on without the client. */
export type TuningResult =
  | { readonly outcome: 'trained'; readonly losses: readonly number[]; readonly optimiser: OptimiserState }
  | { readonly outcome: 'stopped'; readonly step: number; readonly what: string };

/** Trains `parameters` in place, one step a batch: gradients, clipping, schedule, optimiser. Goes on from `state` where one is given. */
export async function tuneLocally(
  session: ClassifierSession,
  parameters: NamedTensors,
  { examples, batches }: LocalData,
  settings: TuningSettings,
  state?: OptimiserState,
  onStep: (step: number, loss: number) => void = () => undefined,
): Promise<TuningResult> {
  const optimiser = chooseOptimiser(settings);
  const schedule = learningRateSchedule(settings.schedule, settings.totalSteps, settings.warmupSteps);
  const running = state ?? optimiser.initial(parameters);
  const losses: number[] = [];
  for (const [step, chosen] of batches.entries()) {
    const batch = padBatch(examples, chosen, session.padTokenId);
    const { loss, gradients } = await session.gradients(parameters, batch, settings.loraScale);
    if (!Number.isFinite(loss)) return { outcome: 'stopped', step, what: `the loss is ${loss}` };
    const norm = clipGradients(gradients, settings.clipNorm);
    if (!Number.isFinite(norm)) return { outcome: 'stopped', step, what: `the gradient's norm is ${norm}` };
    const learningRate = settings.learningRate * schedule(settings.firstStep + step);
    optimiser.update(gradients, running, parameters, learningRate);
    losses.push(loss);
    onStep(step, loss);
  }
  const broken = firstNotFinite(parameters);
  if (broken !== undefined) return { outcome: 'stopped', step: batches.length, what: `${broken} is not finite` };
  return { outcome: 'trained', losses, optimiser: running };
}

/** The first tensor with a number that is not finite. */
export function firstNotFinite(parameters: NamedTensors): string | undefined {
  for (const [name, { data }] of parameters) if (!data.every(Number.isFinite)) return name;
  return undefined;
}
