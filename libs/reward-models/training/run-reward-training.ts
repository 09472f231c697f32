import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RewardSpec } from '#contracts';
import { openPreferences, type PreferencePair, type Preferences } from '#datasets';
import {
  checkVocabulary,
  digestCheckpoint,
  initialHead,
  loadRewardBase,
  loadTokenizer,
  longestFor,
  preferenceManifest,
  type RewardBase,
  type Tokenizer,
} from '#language-models';
import type { Digest, NamedTensors } from '#parameters';
import { BatchPlan, recentLoss, trainSteps, type Checkpoint } from '#tuning';
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
    trainLoss: recentLoss(trained),
    threads: options.threads,
  });
}

interface Base {
  readonly weights: RewardBase;
  readonly tokenizer: Tokenizer;
  readonly digest: Digest;
}

async function loadBase({ model, training }: RewardSpec): Promise<Base> {
  const weights = await loadRewardBase(model);
  const tokenizer = await loadTokenizer(model);
  checkVocabulary(tokenizer, weights.config);
  const longest = longestFor(weights.config);
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

function trainOn(spec: RewardSpec, { base, pairs, session, folder, options }: Run): Promise<Checkpoint> {
  const { epochs, batchSize } = spec.training;
  const plan = new BatchPlan(lengthsOf(pairs.train), spec.seed, batchSize);
  return trainSteps(
    { ...spec.training, steps: epochs * plan.batchesPerEpoch },
    {
      folder,
      initial: () => initialParameters(spec, base.weights),
      gradients: (parameters, step) =>
        session.gradients(
          parameters,
          plan.batch(step).flatMap((at) => pairs.train[at] ?? []),
        ),
      measure: async (parameters) => ({
        accuracy: await accuracyOnTheWay(session, parameters, pairs.heldOut, batchSize),
      }),
      onProgress: options.onProgress,
      stopRequested: options.stopRequested,
      endedEarly: (how, message) => new RewardError(`reward.${how}`, message, { retryable: how === 'stopped' }),
    },
  );
}

/** Pairs as the batch plan wants them: only their lengths matter to it. */
function lengthsOf(pairs: readonly TokenisedPair[]) {
  const offsets = new Int32Array(pairs.length + 1);
  pairs.forEach((pair, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + pairLength(pair);
  });
  return { ids: new Int32Array(0), offsets };
}

function initialParameters({ seed, training }: RewardSpec, { config, tensors }: RewardBase): NamedTensors {
  const head = initialHead(config, 1, seed, 'reward');
  return new Map(
    preferenceManifest(config, training.trainableBlocks).flatMap(({ name }) => {
      const tensor = head.get(name) ?? tensors.get(name);
      return tensor === undefined ? [] : [[name, { shape: tensor.shape, data: tensor.data.slice() }] as const];
    }),
  );
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
