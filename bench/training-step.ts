import { buildClassifierStep, encoderManifest, type EncoderConfig } from '#language-models';

import { CLOCK } from './clock.ts';
import { median } from './median.ts';
import { filled, openProducts, operationsOf, type TimedProducts } from './matrix-products.ts';
import { startPyTorchStep, type PyTorchStep } from './pytorch-step.ts';
import { openStep, SETTINGS, type Step } from './training-step-parts.ts';
import { encoderOf, LARGE, SIZES, THREADS } from './training-step-shape.ts';

const ROUNDS = Number(process.env['AIRTUNE_BENCH_ROUNDS'] ?? 9);

/** A step of the smaller shape takes a seventh of the time, and a pause of the machine weighs as much more: it is measured more often. */
const SHAPES: Readonly<Record<string, { config: EncoderConfig; rounds: number }>> = {
  '12x768': { config: LARGE, rounds: ROUNDS },
  '6x384': { config: encoderOf(6, 384), rounds: 5 * ROUNDS },
};

/**
 * Ratios. `gemm`: time of the step's own matrix products and nothing else, in a session of their own in the same minute,
 * over the time of the step. `pytorch`: time of PyTorch's eager step over ours, AdamW included in both; absent without
 * PyTorch. Each once a shape, `gemm12x768`, and the smallest of them by the plain name.
 */
export async function benchTrainingStep() {
  const ratios: Record<string, number> = {};
  const figures: Record<string, unknown> = { clock: CLOCK, threads: THREADS };
  for (const [name, { config, rounds }] of Object.entries(SHAPES)) {
    const { gemm, pytorch, ...figure } = await benchShape(config, rounds);
    for (const [ratio, value] of Object.entries({ gemm, pytorch })) {
      if (value === undefined) continue;
      ratios[ratio] = Math.min(value, ratios[ratio] ?? Infinity);
      ratios[`${ratio}${name}`] = value;
    }
    figures[name] = figure;
    const against = pytorch === undefined ? 'PyTorch not measured' : `${pytorch.toFixed(2)} x PyTorch eager`;
    console.log(
      `${name.padEnd(7)} step ${figure.stepMs.toFixed(0)} + ${figure.optimiserMs.toFixed(0)} ms, evaluation ${figure.evaluationMs.toFixed(0)} ms, ` +
        `${figure.gflops.toFixed(0)} GFLOPS: ${gemm.toFixed(3)} of MatMul alone, ${against}`,
    );
  }
  return { ratios, figures };
}

async function benchShape(config: EncoderConfig, count: number) {
  const loraBlocks = Array.from({ length: config.layers }, (_, block) => block);
  const weights = new Map(encoderManifest(config).map(({ name, shape }, at) => [name, filled(shape, at)]));
  const { model } = buildClassifierStep(
    { config, tensors: weights },
    { adapters: true, loraBlocks, labels: SIZES.labels },
  );
  const sizes = { ...SIZES, ...Object.fromEntries(loraBlocks.map((block) => [`rank.${String(block)}`, SIZES.rank])) };
  const step = await openStep(model, config, loraBlocks);
  const products = await openProducts(model, sizes, SETTINGS);
  const pytorch = await startPyTorchStep({ ...SIZES, ...config, threads: THREADS, clock: CLOCK });
  const rounds = await measureRounds(count, step, products, pytorch);
  await Promise.all([step.close(), pytorch?.stop(), products.close()]);
  const middle = (name: keyof Round): number => median(rounds.map((round) => round[name]));
  const stepMs = middle('step');
  return {
    gemm: median(rounds.map((round) => round.products / round.step)),
    ...(pytorch === undefined
      ? {}
      : { pytorch: median(rounds.map((round) => round.pytorch / (round.step + round.optimiser))) }),
    stepMs,
    optimiserMs: middle('optimiser'),
    evaluationMs: middle('evaluation'),
    productsMs: middle('products'),
    ...(pytorch === undefined ? {} : { pytorchMs: middle('pytorch') }),
    gflops: operationsOf(model, sizes) / stepMs / 1e6,
    fastestStepMs: Math.min(...rounds.map((round) => round.step)),
  };
}

interface Round {
  readonly step: number;
  readonly optimiser: number;
  readonly evaluation: number;
  readonly products: number;
  readonly pytorch: number;
}

/** Everything in turn, so that a busy minute slows all alike. */
async function measureRounds(
  count: number,
  step: Step,
  products: TimedProducts,
  pytorch: PyTorchStep | undefined,
): Promise<Round[]> {
  const rounds: Round[] = [];
  await step.gradients();
  for (let round = 0; round < count; round += 1) {
    const before = await products.time();
    const first = await step.gradients();
    const evaluation = await step.evaluate();
    const second = await step.gradients();
    const optimiser = step.update();
    const after = await products.time();
    rounds.push({
      step: (first + second) / 2,
      optimiser,
      evaluation,
      products: (before + after) / 2,
      pytorch: (await pytorch?.run('step')) ?? NaN,
    });
  }
  return rounds;
}
