// Run by `training-step-precisions.ts` in a process of its own, so that its memory is its own: a step a message.
import type { FrozenArithmetic } from '#autograd';
import { buildClassifierStep, encoderManifest, int8LevelsHere, savesMemory } from '#language-models';
import { filled } from './matrix-products.ts';
import { openStep, type Step } from './training-step-parts.ts';
import { LARGE, SIZES } from './training-step-shape.ts';
import type { StepKind, StepMeasurement } from './training-step-precisions.ts';

const step = await open(process.argv[2] as StepKind);
process.on('message', () => {
  void (async () => {
    const ms = (await step.gradients()) + step.update();
    globalThis.gc?.();
    // Kilobytes, of the whole life of the process.
    const peakBytes = 1024 * process.resourceUsage().maxRSS;
    process.send?.({ ms, residentBytes: process.memoryUsage.rss(), peakBytes } satisfies StepMeasurement);
  })();
});

/** The base is made one tensor at a time, as a checkpoint is read. */
async function open(kind: StepKind): Promise<Step> {
  const loraBlocks = Array.from({ length: LARGE.layers }, (_, block) => block);
  const tensors = new Map(
    encoderManifest(LARGE).map(({ name, shape }, at) => [name, { shape, read: () => filled(shape, at).data }]),
  );
  const gradients = kind === 'lean' ? 'dequantised' : 'copies';
  const arithmetic: FrozenArithmetic =
    kind === 'fp32'
      ? { precision: kind }
      : { precision: 'int8', levels: await int8LevelsHere(), exceptions: new Set(), gradients };
  const shape = { adapters: true, loraBlocks, labels: SIZES.labels };
  const { model } = buildClassifierStep({ config: LARGE, tensors, arithmetic }, shape);
  return openStep(model, LARGE, loraBlocks, { prepack: !savesMemory({ arithmetic }) });
}
