import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RewardSpec } from '#contracts';
import { openPreferences, type PreferencePair, type Preferences } from '#datasets';
import {
  checkVocabulary,
  digestCheckpoint,
  initialHead,
  loadEncoder,
  loadTokenizer,
  longestSequence,
  preferenceManifest,
  type EncoderWeights,
  type Tokenizer,
} from '#language-models';
import type { Digest, NamedTensors } from '#parameters';
import {
  adamW,
  BatchPlan,
  clipGradients,
  learningRateSchedule,
  readLatestCheckpoint,
  writeCheckpoint,
  type Checkpoint,
} from '#tuning';
import { RewardError } from '../reward-error.ts';
import { PreferenceSession } from './preference-session.ts';
import { pairAccuracy } from './pair-accuracy.ts';
import { pairLength, tokenisePair, type TokenisedPair } from './tokenised-pair.ts';
import type { RewardTrainingProgress, RewardTrainingReport } from './training-report.ts';
import { writeTrainedFolder } from './write-trained-folder.ts';

export interface RewardTrainingOptions {
  /** Where checkpoints are kept; runs of different specs do not meet there. */
  readonly workFolder: string;
  readonly threads: number;
  readonly onProgress: (progress: RewardTrainingProgress) => void;
  /** Asked between steps; on true the run stores a checkpoint and stops. */
  readonly stopRequested: () => boolean;
}

/** Losses that the reported training loss is the mean of. */
const RECENT = 100;
/** Held-out pairs that are looked at on the way; all of them at the end. */
const MOST_ON_THE_WAY = 512;

/** From ranked pairs to a reward folder. A run that was cut goes on from its last checkpoint to the same bits. */
export async function runRewardTraining(
  spec: RewardSpec,
  options: RewardTrainingOptions,
): Promise<RewardTrainingReport> {
  const base = await loadBase(spec);
  const preferences = await openPreferences(spec.pairs);
  const [train, heldOut] = [rowsOf(preferences, 'train'), rowsOf(preferences, 'heldOut')];
  options.onProgress({ phase: 'pairs', train: train.length, heldOut: heldOut.length, notes: preferences.notes });
  const tokenise = (pair: PreferencePair): TokenisedPair => tokenisePair(base.tokenizer, pair, spec.training.maxTokens);
  const pairs = { train: train.map(tokenise), heldOut: heldOut.slice(0, MOST_ON_THE_WAY).map(tokenise) };
  options.onProgress({ phase: 'tokenised', pairs: train.length });
  const folder = join(options.workFolder, fingerprint(spec, base.digest, preferences.digest));
  const session = await PreferenceSession.open(base.weights, spec.training.trainableBlocks, options.threads);
  let trained: Checkpoint;
  try {
    trained = await trainOn(spec, { base, pairs, session, folder, options });
  } finally {
    await session.close();
  }
  return writeTrainedFolder(spec, {
    ...base,
    preferences,
    tensors: trained.parameters,
    steps: trained.step,
    trainLoss: trained.recentLosses.reduce((sum, loss) => sum + loss, 0) / trained.recentLosses.length,
    threads: options.threads,
  });
}

interface Base {
  readonly weights: EncoderWeights;
  readonly tokenizer: Tokenizer;
  readonly digest: Digest;
}

async function loadBase({ model, training }: RewardSpec): Promise<Base> {
  const weights = await loadEncoder(model);
  const tokenizer = await loadTokenizer(model);
  checkVocabulary(tokenizer, weights.config);
  const longest = longestSequence(weights.config);
  refuse(
    training.maxTokens > longest,
    `training.maxTokens: ${training.maxTokens} is more than the ${longest} positions of the model`,
  );
  const { trainableBlocks } = training;
  refuse(
    trainableBlocks !== 'all' && trainableBlocks > weights.config.layers,
    `training.trainableBlocks: ${trainableBlocks} blocks are asked for, and the model has ${weights.config.layers}`,
  );
  return { weights, tokenizer, digest: await digestCheckpoint(model) };
}

function refuse(wrong: boolean, message: string): void {
  if (wrong) throw new RewardError('reward.spec', `${message}.`);
}

function rowsOf(preferences: Preferences, part: 'train' | 'heldOut') {
  return preferences.sources.flatMap((source) => source[part]);
}

/** What decides the weights: everything but where they go and how they are written. */
function fingerprint({ seed, training }: RewardSpec, base: Digest, data: Digest): string {
  const deciding = { ...training, saveEverySteps: 0, evaluateEverySteps: 0 };
  return createHash('sha256')
    .update(JSON.stringify([seed, deciding, base, data]))
    .digest('hex')
    .slice(0, 16);
}

interface Run {
  readonly base: Base;
  readonly pairs: { readonly train: readonly TokenisedPair[]; readonly heldOut: readonly TokenisedPair[] };
  readonly session: PreferenceSession;
  readonly folder: string;
  readonly options: RewardTrainingOptions;
}

async function trainOn(spec: RewardSpec, { base, pairs, session, folder, options }: Run): Promise<Checkpoint> {
  const { epochs, batchSize, learningRate, warmupFraction, weightDecay, clipNorm } = spec.training;
  const plan = new BatchPlan(lengthsOf(pairs.train), spec.seed, batchSize);
  const steps = epochs * plan.batchesPerEpoch;
  const optimiser = adamW({ weightDecay, decays: (name) => !/bias$|norm\.weight$/.test(name) });
  const schedule = learningRateSchedule('linear', steps, Math.round(steps * warmupFraction));
  const start = (await readLatestCheckpoint(folder)) ?? firstCheckpoint(spec, base.weights);
  const { parameters, optimiser: state } = start;
  let { step, recentLosses } = start;
  if (step > 0) options.onProgress({ phase: 'resumed', step, steps });
  const save = async (): Promise<Checkpoint> => {
    const checkpoint = { step, parameters, optimiser: state, recentLosses };
    await writeCheckpoint(folder, checkpoint);
    options.onProgress({ phase: 'saved', step });
    return checkpoint;
  };
  while (step < steps) {
    if (options.stopRequested()) {
      await save();
      throw new RewardError('reward.stopped', `Stopped after step ${step} of ${steps}; start again to go on.`, {
        retryable: true,
      });
    }
    const batch = plan.batch(step).flatMap((at) => pairs.train[at] ?? []);
    const { loss, gradients } = await session.gradients(parameters, batch);
    const norm = clipGradients(gradients, clipNorm);
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) throw diverged(step, loss);
    const rate = learningRate * schedule(step);
    optimiser.update(gradients, state, parameters, rate);
    step += 1;
    recentLosses = [...recentLosses, loss].slice(-RECENT);
    options.onProgress({ phase: 'step', step, steps, loss, learningRate: rate });
    if (step % spec.training.evaluateEverySteps === 0 && step < steps) {
      const accuracy = await accuracyOnTheWay(session, parameters, pairs.heldOut, batchSize);
      options.onProgress({ phase: 'held-out', step, steps, accuracy });
    }
    if (step % spec.training.saveEverySteps === 0 && step < steps) await save();
  }
  return save();
}

/** Pairs as the batch plan wants them: only their lengths matter to it. */
function lengthsOf(pairs: readonly TokenisedPair[]) {
  const offsets = new Int32Array(pairs.length + 1);
  pairs.forEach((pair, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + pairLength(pair);
  });
  return { ids: new Int32Array(0), offsets };
}

function firstCheckpoint({ seed, training }: RewardSpec, { config, tensors }: EncoderWeights): Checkpoint {
  const head = initialHead(config, 1, seed, 'reward');
  const parameters: NamedTensors = new Map(
    preferenceManifest(config, training.trainableBlocks).flatMap(({ name }) => {
      const tensor = head.get(name) ?? tensors.get(name);
      return tensor === undefined ? [] : [[name, { shape: tensor.shape, data: tensor.data.slice() }] as const];
    }),
  );
  return { step: 0, parameters, optimiser: adamW().initial(parameters), recentLosses: [] };
}

async function accuracyOnTheWay(
  session: PreferenceSession,
  parameters: NamedTensors,
  pairs: readonly TokenisedPair[],
  batchSize: number,
): Promise<number> {
  const differences: number[] = [];
  for (let at = 0; at < pairs.length; at += batchSize)
    differences.push(...(await session.differences(parameters, pairs.slice(at, at + batchSize))));
  return pairAccuracy(differences, differences.map(String)).accuracy;
}

function diverged(step: number, loss: number): RewardError {
  return new RewardError(
    'reward.diverged',
    `The loss is ${loss} at step ${step + 1}: lower training.learningRate, or lengthen the warm-up.`,
  );
}
