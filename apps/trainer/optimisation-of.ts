import type { ExperimentSpec } from '#contracts';
import type { TuningSettings } from '#tuning';

/** How a client steps in a round. The schedule spans the experiment: round r begins at step (r - 1) · `stepsARound`, whether or not earlier rounds were trained in. */
export function optimisationOf(
  { training, rounds }: ExperimentSpec,
  stepsARound: number,
  round: number,
): Omit<TuningSettings, 'loraScale'> {
  const { optimiser, learningRate, weightDecay, clipNorm, schedule, warmupFraction } = training;
  const totalSteps = rounds * stepsARound;
  return {
    optimiser,
    learningRate,
    weightDecay,
    clipNorm,
    schedule,
    totalSteps,
    warmupSteps: Math.round(totalSteps * warmupFraction),
    firstStep: (round - 1) * stepsARound,
  };
}
