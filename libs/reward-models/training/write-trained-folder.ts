import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RewardSpec } from '#contracts';
import type { Preferences, PreferenceSplit } from '#datasets';
import {
  buildRewardModel,
  paddingFor,
  rewardHeadManifest,
  saveTokenizer,
  type RewardBase,
  type Tokenizer,
} from '#language-models';
import { manifestOf, parameterCount, type Digest, type NamedTensors } from '#parameters';
import { writeDurably } from '#tuning';
import { digestFolder } from '../folder/digest-folder.ts';
import { DESCRIPTION_FILE, MODEL_FILE, type RewardDescription, type ScoreRange } from '../folder/reward-description.ts';
import { RewardError } from '../reward-error.ts';
import { ScoreSession } from '../scoring/score-session.ts';
import { calibrationOf, momentsOf } from './calibration.ts';
import { pairAccuracy } from './pair-accuracy.ts';
import type { RewardTrainingReport } from './training-report.ts';

/** What training ended with. */
export interface TrainedReward {
  readonly weights: RewardBase;
  readonly tokenizer: Tokenizer;
  /** The base's. */
  readonly digest: Digest;
  readonly preferences: Preferences;
  /** The trained ones: the head's, and those of the base that replace the base's. */
  readonly tensors: NamedTensors;
  readonly steps: number;
  readonly trainLoss: number;
  readonly threads: number;
}

/**
 * Writes the reward folder, then scores the held-out pairs with what was written, so that accuracy, calibration and
 * standardisation are those of the file as it ships. reward.json comes last: without it, the folder is no reward model.
 */
export async function writeTrainedFolder(spec: RewardSpec, trained: TrainedReward): Promise<RewardTrainingReport> {
  const { weights, tensors, tokenizer, preferences } = trained;
  const head = new Map(rewardHeadManifest(weights.config).map(({ name }) => [name, need(tensors, name)]));
  const base = { config: weights.config, tensors: new Map([...weights.tensors, ...tensors]) } as RewardBase;
  await mkdir(spec.out, { recursive: true });
  await rm(join(spec.out, DESCRIPTION_FILE), { force: true });
  await writeDurably(join(spec.out, MODEL_FILE), buildRewardModel(base, head, spec.precision).bytes);
  await saveTokenizer(spec.out, tokenizer);
  const description: RewardDescription = {
    format: 'airtune-reward-1',
    name: spec.name,
    version: spec.version,
    input: { maxTokens: spec.training.maxTokens, padTokenId: paddingFor(weights.config) },
    onnx: { ids: 'input_ids', mask: 'attention_mask', score: 'score' },
    standardisation: { mean: 0, deviation: 1 },
    range: rangeOf(head),
  };
  await writeDescription(spec.out, description);
  const judged = await judge(spec.out, preferences, trained.threads);
  const described: RewardDescription = {
    ...description,
    standardisation: judged.standardisation,
    training: {
      base: { type: weights.config.modelType, digest: trained.digest },
      sources: judged.sources,
      dataDigest: preferences.digest,
      seed: spec.seed,
      settings: settingsOf(spec),
      heldOut: judged.heldOut,
    },
  };
  const digest = await digestFolder(spec.out, described);
  await writeDescription(spec.out, { ...described, digest });
  const { pairs, accuracy, interval, calibrationError, logLoss } = judged.heldOut;
  const trainPairs = preferences.sources.reduce((sum, { train }) => sum + train.length, 0);
  return {
    name: spec.name,
    version: spec.version,
    out: spec.out,
    digest,
    pairs: trainPairs + pairs,
    trainPairs,
    heldOutPairs: pairs,
    pairAccuracy: accuracy,
    pairAccuracyInterval: interval,
    calibrationError,
    logLoss,
    sources: judged.sources,
    standardisation: judged.standardisation,
    range: description.range,
    steps: trained.steps,
    trainLoss: trained.trainLoss,
    parameters: parameterCount(manifestOf(new Map([...base.tensors].filter(([name]) => !name.startsWith('mlm.'))))),
    dataDigest: preferences.digest,
    notes: preferences.notes,
  };
}

function need(tensors: NamedTensors, name: string) {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new RewardError('reward.tensor-missing', `There is no tensor ${name}.`);
  return tensor;
}

async function writeDescription(dir: string, description: RewardDescription): Promise<void> {
  await writeDurably(join(dir, DESCRIPTION_FILE), Buffer.from(`${JSON.stringify(description, null, 2)}\n`));
}

/** The head ends in output · tanh(…) + bias, so a score lies within bias ± Σ|output|; a thousandth is for rounding. */
function rangeOf(head: NamedTensors): ScoreRange {
  const bias = need(head, 'head.output.bias').data[0] ?? 0;
  const reach = need(head, 'head.output.weight').data.reduce((sum, weight) => sum + Math.abs(weight), 0) * 1.001;
  return { lowest: bias - reach, highest: bias + reach };
}

type Judged = Pick<RewardDescription, 'standardisation'> &
  Pick<NonNullable<RewardDescription['training']>, 'sources' | 'heldOut'>;

async function judge(dir: string, { sources }: Preferences, threads: number): Promise<Judged> {
  const session = await ScoreSession.open(dir, threads);
  try {
    const scores: number[] = [];
    const all = { differences: [] as number[], groups: [] as string[] };
    const described: Judged['sources'] = [];
    for (const split of sources) {
      const own = await scorePairs(session, split);
      scores.push(...own.scores);
      all.differences.push(...own.differences);
      all.groups.push(...own.groups);
      const { accuracy, interval, pairs } = pairAccuracy(own.differences, own.groups);
      described.push({ source: split.source, trainPairs: split.train.length, heldOutPairs: pairs, accuracy, interval });
    }
    const standardisation = momentsOf(scores);
    if (!(standardisation.deviation > 0) || !Number.isFinite(standardisation.deviation))
      throw new RewardError(
        'reward.flat',
        'The model gives every completion the same score: it has learnt nothing. Train longer, or with a higher learning rate.',
      );
    return {
      standardisation,
      sources: described,
      heldOut: { ...pairAccuracy(all.differences, all.groups), ...calibrationOf(all.differences) },
    };
  } finally {
    await session.close();
  }
}

async function scorePairs(session: ScoreSession, { source, heldOut }: PreferenceSplit) {
  const scores = await session.score(
    heldOut.flatMap(({ prompt, chosen, rejected }) => [
      { prompt, completion: chosen },
      { prompt, completion: rejected },
    ]),
  );
  return {
    scores,
    differences: heldOut.map((_, i) => (scores[2 * i] ?? NaN) - (scores[2 * i + 1] ?? NaN)),
    groups: heldOut.map(({ group }) => `${source} ${group}`),
  };
}

/** What decides the weights, but for the paths of the machine on which they were made. */
function settingsOf({ training, precision, pairs }: RewardSpec): Record<string, unknown> {
  const without = (fields: object, names: RegExp): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => !names.test(name)));
  return {
    ...without(training, /^(save|evaluate)EverySteps$/),
    precision,
    pairs: pairs.map((source) => without(source, /^(train|test)$/)),
  };
}
