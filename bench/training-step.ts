import { Session, SPIN_ALONE_MICROSECONDS, type Feed } from '#autograd';
import {
  adapterManifest,
  buildClassifierStep,
  encoderManifest,
  headManifest,
  loraManifest,
  type EncoderConfig,
} from '#language-models';

import { CLOCK, milliseconds } from './clock.ts';
import { median } from './median.ts';
import { filled, operationsOf, productsOf, timeProduct, type TimedProduct } from './matrix-products.ts';
import { startPyTorchStep, type PyTorchStep } from './pytorch-step.ts';

/** Batch, tokens, LoRA rank, adapter width, labels: the same for both shapes. */
const SIZES = { batch: 8, sequence: 64, rank: 8, width: 64, labels: 4 };
const THREADS = Number(process.env['AIRTUNE_BENCH_THREADS'] ?? 2);
const ROUNDS = Number(process.env['AIRTUNE_BENCH_ROUNDS'] ?? 9);

const SHAPES: Readonly<Record<string, EncoderConfig>> = {
  '12x768': encoderOf(12, 768),
  '6x384': encoderOf(6, 384),
};

function encoderOf(layers: number, hidden: number): EncoderConfig {
  return {
    modelType: 'roberta',
    layers,
    hidden,
    heads: 12,
    intermediate: 4 * hidden,
    vocabulary: 1000,
    maxPositions: 514,
    typeVocabulary: 1,
    layerNormEpsilon: 1e-5,
    activation: 'gelu',
    positionOffset: 2,
    padTokenId: 1,
  };
}

/**
 * Ratios. `gemm`: time of the step's own matrix products, each size measured alone in the same minute, over the time of
 * the step. `pytorch`: time of PyTorch's eager step (AdamW included) over ours; absent without PyTorch. Each once a
 * shape, `gemm12x768`, and the smallest of them by the plain name.
 */
export async function benchTrainingStep() {
  const ratios: Record<string, number> = {};
  const figures: Record<string, unknown> = { clock: CLOCK, threads: THREADS };
  for (const [name, config] of Object.entries(SHAPES)) {
    const { gemm, pytorch, ...figure } = await benchShape(config);
    for (const [ratio, value] of Object.entries({ gemm, pytorch })) {
      if (value === undefined) continue;
      ratios[ratio] = Math.min(value, ratios[ratio] ?? Infinity);
      ratios[`${ratio}${name}`] = value;
    }
    figures[name] = figure;
    const against = pytorch === undefined ? 'PyTorch not measured' : `${pytorch.toFixed(2)} x PyTorch eager`;
    console.log(
      `${name.padEnd(7)} step ${figure.stepMs.toFixed(0)} ms, evaluation ${figure.evaluationMs.toFixed(0)} ms, ` +
        `${figure.gflops.toFixed(0)} GFLOPS: ${gemm.toFixed(3)} of MatMul alone, ${against}`,
    );
  }
  return { ratios, figures };
}

async function benchShape(config: EncoderConfig) {
  const loraBlocks = Array.from({ length: config.layers }, (_, block) => block);
  const weights = new Map(encoderManifest(config).map(({ name, shape }) => [name, filled(shape)]));
  const { model } = buildClassifierStep(
    { config, tensors: weights },
    { adapters: true, loraBlocks, labels: SIZES.labels },
  );
  const ranks = Object.fromEntries(loraBlocks.map((block) => [`rank.${String(block)}`, SIZES.rank]));
  const products = productsOf(model, { ...SIZES, ...ranks });
  const step = await openStep(model, config, loraBlocks);
  const alone: TimedProduct[] = [];
  for (const product of products) alone.push(await timeProduct(product, THREADS));
  const pytorch = await startPyTorchStep({ ...SIZES, ...config, threads: THREADS, clock: CLOCK });
  const rounds = await measureRounds(step, alone, pytorch);
  await Promise.all([step.session.close(), pytorch?.stop(), ...alone.map(async ({ close }) => close())]);
  const operations = products.reduce((sum, product) => sum + product.count * operationsOf(product), 0);
  const stepMs = median(rounds.map((round) => round.step));
  return {
    gemm: median(rounds.map((round) => round.products)) / stepMs,
    ...(pytorch === undefined ? {} : { pytorch: median(rounds.map((round) => round.pytorch)) / stepMs }),
    stepMs,
    evaluationMs: median(rounds.map((round) => round.evaluation)),
    productsMs: median(rounds.map((round) => round.products)),
    ...(pytorch === undefined ? {} : { pytorchMs: median(rounds.map((round) => round.pytorch)) }),
    gflops: operations / stepMs / 1e6,
    fastestStepMs: Math.min(...rounds.map((round) => round.step)),
  };
}

interface Round {
  readonly step: number;
  readonly evaluation: number;
  readonly products: number;
  readonly pytorch: number;
}

type Step = Awaited<ReturnType<typeof openStep>>;

/** Everything in turn, so that a busy minute slows all alike. */
async function measureRounds(step: Step, alone: TimedProduct[], pytorch: PyTorchStep | undefined): Promise<Round[]> {
  const rounds: Round[] = [];
  await step.run(true);
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = await step.run(true);
    const evaluation = await step.run(false);
    let products = 0;
    for (const { product, time } of alone) products += product.count * (await time());
    const second = await step.run(true);
    rounds.push({ step: (first + second) / 2, evaluation, products, pytorch: (await pytorch?.run('step')) ?? NaN });
  }
  return rounds;
}

async function openStep(model: Parameters<typeof Session.open>[0], config: EncoderConfig, blocks: number[]) {
  const session = await Session.open(model, { threads: THREADS, spinMicroseconds: SPIN_ALONE_MICROSECONDS });
  const manifest = [
    ...adapterManifest(config, SIZES.width),
    ...loraManifest(config, { rank: SIZES.rank, blocks }),
    ...headManifest(config, SIZES.labels),
  ];
  const { batch, sequence, labels } = SIZES;
  const integers = (shape: number[], value: (i: number) => number): Feed => ({
    type: 'int64',
    shape,
    data: BigInt64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => BigInt(value(i))),
  });
  const feeds: Record<string, Feed> = {
    ids: integers([batch, sequence], (i) => (i * 7919) % config.vocabulary),
    mask: integers([batch, sequence], () => 1),
    labels: integers([batch], (i) => i % labels),
    loraScale: { shape: [], data: Float32Array.of(2) },
    ...Object.fromEntries(manifest.map(({ name, shape }) => [name, filled(shape)])),
  };
  const run = async (train: boolean): Promise<number> => {
    const start = milliseconds();
    await session.run({ ...feeds, train: { type: 'bool', shape: [], data: Uint8Array.of(train ? 1 : 0) } });
    return milliseconds() - start;
  };
  return { session, run };
}
