import type { Metrics } from '#operations';
import type { TrainingProgress } from './observer.ts';

/** From a small encoder to a language model without a GPU. */
const SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60];

/** Answers who is to hear of training steps, to measure the time from one step of a client to its next. */
export function measureSteps(metrics: Metrics, nowMs: () => number): (progress: TrainingProgress) => void {
  const steps = metrics.histogram('airtune_training_step_seconds', 'Time of a training step', ['arm'], SECONDS);
  const last = new Map<string, { readonly step: number; readonly atMs: number }>();
  return ({ experiment, client, round, arm, step, steps: ofSteps }) => {
    const key = `${experiment}/${client}/${round}/${arm}`;
    const before = last.get(key);
    const atMs = nowMs();
    if (before?.step === step - 1) steps.observe({ arm }, (atMs - before.atMs) / 1000);
    if (step >= ofSteps) last.delete(key);
    else last.set(key, { step, atMs });
  };
}
