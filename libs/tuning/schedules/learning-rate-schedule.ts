export type ScheduleName = 'constant' | 'linear' | 'cosine';

/** What the learning rate is multiplied by at step 0, 1, … */
export type Schedule = (step: number) => number;

/**
 * Warm-up from 0, then constant, linear to 0 or half a cosine to 0 at `totalSteps`: transformers' get_*_schedule_with_warmup.
 * For a federated client `totalSteps` is rounds × steps, so that the schedule spans the experiment.
 */
export function learningRateSchedule(name: ScheduleName, totalSteps: number, warmupSteps = 0): Schedule {
  const decay = DECAYS[name];
  return (step) => {
    if (step < warmupSteps) return step / warmupSteps;
    return decay(Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps)));
  };
}

/** `progress` runs from 0 at the end of warm-up to 1 at the last step. */
const DECAYS: Record<ScheduleName, (progress: number) => number> = {
  constant: () => 1,
  linear: (progress) => 1 - progress,
  cosine: (progress) => 0.5 * (1 + Math.cos(Math.PI * progress)),
};
