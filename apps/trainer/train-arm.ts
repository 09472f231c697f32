import type { ExperimentSpec } from '#contracts';
import type { Example } from '#datasets';
import { drawBatch, type StepProgress, type TuningSettings } from '#tuning';
import type { Answer, ArmTensors } from './client-state.ts';
import { labelledTexts } from './evaluate-arm.ts';
import type { HostedClient, OpenExperiment } from './open-experiment.ts';

/** New tensors and what training was like, or why there are none. */
export type ArmOutcome =
  | {
      readonly outcome: 'trained';
      readonly tensors: ArmTensors;
      readonly training: NonNullable<Answer['upload']>['training'];
    }
  | { readonly outcome: 'stopped'; readonly message: string };

/** Trains one arm of a client for a round. Which batches it sees depends on seed, client and round: the same for every arm. */
export async function trainArm(
  { spec, pool }: OpenExperiment,
  client: HostedClient,
  round: number,
  { shared, personal, moments }: ArmTensors,
  onProgress: (progress: StepProgress) => void,
): Promise<ArmOutcome> {
  const { examples, batches } = drawRound(spec, client, round);
  const request = {
    parts: [shared, personal],
    examples: labelledTexts(examples),
    batches,
    settings: settingsOf(spec, client, round),
  };
  const kept = spec.training.keepMoments;
  const answer = await pool.tune(
    { ...request, wantMoments: kept, ...(kept && moments !== undefined ? { moments } : {}) },
    onProgress,
  );
  if (answer.outcome === 'stopped') return answer;
  const [newShared, newPersonal] = answer.parts;
  if (newShared === undefined || newPersonal === undefined)
    return { outcome: 'stopped', message: 'The worker gave no tensors.' };
  const { losses } = answer;
  return {
    outcome: 'trained',
    tensors: {
      shared: newShared,
      personal: newPersonal,
      ...(answer.moments === undefined ? {} : { moments: answer.moments }),
    },
    training: {
      steps: losses.length,
      firstLoss: losses[0] ?? 0,
      lastLoss: losses.at(-1) ?? 0,
      meanLoss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    },
  };
}

/** The examples that a round's batches hold, each once, and the batches as indices into them. */
function drawRound(
  { seed, training }: ExperimentSpec,
  { name, data }: HostedClient,
  round: number,
): { readonly examples: Example[]; readonly batches: number[][] } {
  const places = new Map<number, number>();
  const batches = Array.from({ length: training.steps }, (_, step) =>
    drawBatch({ seed, client: name, round, step }, data.train.length, training.batchSize).map((example) => {
      const place = places.get(example) ?? places.size;
      places.set(example, place);
      return place;
    }),
  );
  const examples = [...places.keys()].flatMap((example) => data.train[example] ?? []);
  return { examples, batches };
}

/** The schedule spans the experiment: round r begins at step (r - 1) · steps, whether or not earlier rounds were trained in. */
function settingsOf({ training, rounds }: ExperimentSpec, { profile }: HostedClient, round: number): TuningSettings {
  const { optimiser, learningRate, weightDecay, clipNorm, schedule, warmupFraction, steps } = training;
  const totalSteps = rounds * steps;
  return {
    optimiser,
    learningRate,
    weightDecay,
    clipNorm,
    schedule,
    totalSteps,
    warmupSteps: Math.round(totalSteps * warmupFraction),
    firstStep: (round - 1) * steps,
    loraScale: profile.lora.alpha / profile.lora.rank,
  };
}
