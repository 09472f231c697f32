import { SPIN_ALONE_MICROSECONDS } from '#autograd';
import { initialValueHead, type DecoderWeights } from '#language-models';
import type { NamedTensors } from '#parameters';
import { randomStream } from '#randomness';
import { PolicySession, updatePolicy, type Policy, type ScoredCompletions, type UpdateSettings } from '#tuning';

import { CLOCK, milliseconds } from './clock.ts';
import { GPT2_SMALL, randomWeights } from './gpt2-small.ts';
import { median } from './median.ts';
import { startPyTorchUpdate } from './pytorch-ppo.ts';

const config = GPT2_SMALL;
/** 16 sequences of 96 tokens, of which 64 were drawn; 4 epochs over all of them at once. */
const SIZES = { batch: 16, prompt: 32, completion: 64, epochs: 4, trainableBlocks: 2 };
const THREADS = Number(process.env['AIRTUNE_BENCH_THREADS'] ?? 2);
const ROUNDS = Number(process.env['AIRTUNE_BENCH_ROUNDS'] ?? 2);

const settings: UpdateSettings = {
  gamma: 1,
  lambda: 0.95,
  klEstimator: 'k1',
  klCoefficient: 0.05,
  whitenRewards: false,
  optimiser: 'adamw',
  learningRate: 1e-5,
  weightDecay: 0.01,
  clipNorm: 1,
  schedule: 'constant',
  totalSteps: SIZES.epochs,
  warmupSteps: 0,
  firstStep: 0,
  epochs: SIZES.epochs,
  batchSize: SIZES.batch,
  klLimit: Infinity,
  proximal: 0.01,
};

/**
 * Ratios: the time of a PyTorch update over ours. `pytorch` runs the whole model forward and back each epoch, every parameter
 * with a gradient; `pytorchCached` computes the frozen blocks once, as we do, and logits of the drawn tokens alone. All three
 * begin with old log-probabilities, values and those of the reference, and end with AdamW. Absent without PyTorch.
 */
export async function benchPpoUpdate() {
  const draw = randomStream(1, 'bench');
  const weights: DecoderWeights = { config, tensors: randomWeights(config) };
  const shape = {
    trainableBlocks: SIZES.trainableBlocks,
    temperature: 1,
    clip: 0.2,
    valueClip: 0.2,
    valueCoefficient: 0.1,
  };
  const session = await PolicySession.open(weights, shape, {
    threads: THREADS,
    spinMicroseconds: SPIN_ALONE_MICROSECONDS,
  });
  const tokens = (count: number): number[] => Array.from({ length: count }, () => draw.integer(config.vocabulary));
  const completions = Array.from({ length: SIZES.batch }, () => ({
    prompt: tokens(SIZES.prompt),
    ids: tokens(SIZES.completion),
  }));
  const drawn: ScoredCompletions = { completions, scores: completions.map(() => draw.normal()) };
  const pytorch = await startPyTorchUpdate({ ...SIZES, ...config, threads: THREADS, clock: CLOCK });
  const policy = startOf(session);
  const ours: number[] = [];
  const theirs = { whole: [] as number[], cached: [] as number[] };
  const update = async (): Promise<number> => {
    const start = milliseconds();
    const result = await updatePolicy(session, policy, drawn, settings);
    if (result.outcome !== 'updated') throw new Error(result.message);
    return milliseconds() - start;
  };
  for (let round = 0; round < ROUNDS; round++) {
    // Whoever waited for the other may have to fetch its memory back: the first run after that does not count.
    await update();
    ours.push(await update());
    await pytorch?.run('cached');
    const [whole, cached] = [await pytorch?.run('whole'), await pytorch?.run('cached')];
    if (whole === undefined || cached === undefined) continue;
    theirs.whole.push(whole);
    theirs.cached.push(cached);
  }
  await Promise.all([session.close(), pytorch?.stop()]);
  const updateMs = median(ours);
  const figures: Record<string, unknown> = { clock: CLOCK, threads: THREADS, ...SIZES, updateMs };
  if (pytorch === undefined) return { ratios: {}, figures };
  const [pytorchMs, pytorchCachedMs] = [median(theirs.whole), median(theirs.cached)];
  const ratios = { pytorch: pytorchMs / updateMs, pytorchCached: pytorchCachedMs / updateMs };
  console.log(
    `update ${updateMs.toFixed(0)} ms; PyTorch ${pytorchMs.toFixed(0)} ms (${ratios.pytorch.toFixed(2)} x), ` +
      `with a cached prefix ${pytorchCachedMs.toFixed(0)} ms (${ratios.pytorchCached.toFixed(2)} x)`,
  );
  return { ratios, figures: { ...figures, pytorchMs, pytorchCachedMs } };
}

/** The base as it is, which the updates then move. */
function startOf(session: PolicySession): Policy {
  const global: NamedTensors = new Map(
    [...session.base].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
  );
  return { tuned: session.base, valueHead: initialValueHead(config), global, reference: global };
}
