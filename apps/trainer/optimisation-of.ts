import type { ExperimentSpec } from '#contracts';
import type { TuningSettings } from '#tuning';

type Optimisation = Omit<TuningSettings, 'loraScale'>;

/** How a client steps in a round. The schedule spans the experiment: round r begins at step (r - 1) · `stepsARound`, whether or not earlier rounds were trained in. */
export function optimisationOf(spec: ExperimentSpec, stepsARound: number, round: number): Optimisation {
  return optimisation(spec, spec.rounds * stepsARound, (round - 1) * stepsARound);
}

/** The same once for itself, after the last round: the experiment's schedule is at its end, so another one spans these steps alone. */
export function closingOptimisation(spec: ExperimentSpec, steps: number): Optimisation {
  const learningRate = spec.ppo.ownLearningRate ?? spec.training.learningRate;
  return { ...optimisation(spec, steps, 0), learningRate };
}

function optimisation({ training }: ExperimentSpec, totalSteps: number, firstStep: number): Optimisation {
  const { optimiser, learningRate, weightDecay, clipNorm, schedule, warmupFraction } = training;
  return {
    optimiser,
    learningRate,
    weightDecay,
    clipNorm,
    schedule,
    totalSteps,
    warmupSteps: Math.round(totalSteps * warmupFraction),
    firstStep,
  };
}
