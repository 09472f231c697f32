// Run by `training-step-precisions.ts` in a process of its own, so that its memory is its own: a step a message.
import { buildClassifierStep, encoderManifest } from '#language-models';
import { filled } from './matrix-products.ts';
import { openStep, type Step } from './training-step-parts.ts';
import { LARGE, SIZES } from './training-step-shape.ts';
import type { StepMeasurement } from './training-step-precisions.ts';

const step = await open(process.argv[2] === 'int8');
process.on('message', () => {
  void (async () => {
    const ms = (await step.gradients()) + step.update();
    globalThis.gc?.();
    process.send?.({ ms, residentBytes: process.memoryUsage.rss() } satisfies StepMeasurement);
  })();
});

/** The base is made one tensor at a time, as a checkpoint is read. */
function open(int8: boolean): Promise<Step> {
  const loraBlocks = Array.from({ length: LARGE.layers }, (_, block) => block);
  const tensors = new Map(
    encoderManifest(LARGE).map(({ name, shape }, at) => [name, { shape, read: () => filled(shape, at).data }]),
  );
  const arithmetic = int8
    ? ({ precision: 'int8', levels: 127, exceptions: new Set<string>() } as const)
    : ({ precision: 'fp32' } as const);
  const shape = { adapters: true, loraBlocks, labels: SIZES.labels };
  return openStep(buildClassifierStep({ config: LARGE, tensors, arithmetic }, shape).model, LARGE, loraBlocks);
}
