import type { Example } from '#datasets';
import { digestOf } from '#parameters';
import type { LabelledTexts } from '#tuning';
import { scoreOf, type ArmEvaluation, type ArmName, type ArmTensors } from './client-state.ts';
import type { HostedClient, OpenExperiment } from './open-experiment.ts';
import { TrainerError } from './trainer-error.ts';

/** How good an arm of a client is, on the test set in its own label mix and on the balanced one. */
export async function evaluateArm(
  experiment: OpenExperiment,
  client: HostedClient,
  arm: ArmName,
  { shared, personal }: ArmTensors,
): Promise<ArmEvaluation> {
  const { rank, alpha } = client.profile.lora;
  const { evaluations } = await experiment.pool.evaluate({
    // The worker takes the bytes over; the caller goes on to train with its own.
    parts: [shared.slice(), personal.slice()],
    sets: [labelledTexts(client.data.personalTest), labelledTexts(experiment.generalTest)],
    batchSize: experiment.spec.evaluation.batchSize,
    loraScale: alpha / rank,
  });
  const [own, general] = evaluations;
  if (own === undefined || general === undefined)
    throw new TrainerError(
      'trainer.evaluation-incomplete',
      `The worker did not evaluate ${client.name} on both test sets.`,
    );
  return {
    arm,
    sharedDigest: digestOf(shared),
    personalDigest: digestOf(personal),
    personal: scoreOf(own),
    general: scoreOf(general),
  };
}

export function labelledTexts(examples: readonly Example[]): LabelledTexts {
  return { texts: examples.map(({ text }) => text), labels: examples.map(({ label }) => label) };
}
