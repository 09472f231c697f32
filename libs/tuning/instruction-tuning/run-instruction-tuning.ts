import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { TuneSpec } from '#contracts';
import { openInstructions, type InstructionSet } from '#datasets';
import {
  buildCausalStep,
  checkVocabulary,
  digestCheckpoint,
  loadDecoder,
  loadTokenizer,
  saveDecoder,
  saveTokenizer,
  type DecoderConfig,
  type DecoderWeights,
  type Tokenizer,
} from '#language-models';
import { parameterCount, type NamedTensors } from '#parameters';
import { heldOutLoss, type HeldOutText } from '../pretraining/held-out-loss.ts';
import { nextTokens } from '../pretraining/next-tokens.ts';
import { BatchPlan } from '../pretraining/plan-batches.ts';
import type { TrainingOptions } from '../pretraining/run-pretraining.ts';
import type { TokenBatch } from '../pretraining/token-batch.ts';
import { TokenSession } from '../pretraining/token-session.ts';
import { windowCount } from '../pretraining/token-windows.ts';
import { trainOnText } from '../pretraining/train-on-text.ts';
import { recentLoss } from '../pretraining/train-steps.ts';
import type { TrainingReport } from '../pretraining/training-report.ts';
import { TuningError } from '../tuning-error.ts';
import { tokeniseInstructions, type TokenisedInstructions } from './tokenise-instructions.ts';

/**
 * Supervised instruction tuning on the server: a decoder learns the answers, not the questions. A run that was cut goes on from its
 * last checkpoint to the same bits.
 */
export async function runInstructionTuning(spec: TuneSpec, options: TrainingOptions): Promise<TrainingReport> {
  const { training, seed } = spec;
  const weights = await loadDecoder(spec.model);
  const tokenizer = await loadTokenizer(spec.model);
  checkSizes(spec, weights.config, tokenizer);
  const set = await openInstructions(spec.data);
  const base = await digestCheckpoint(spec.model);
  const folder = join(options.workFolder, fingerprint(spec, base, set));
  const train = tokenised(set.train, tokenizer, training.maxTokens, 'training instruction');
  const test = tokenised(set.test, tokenizer, training.maxTokens, 'test instruction');
  const documents = set.train.length + set.test.length;
  options.onProgress({ phase: 'corpus', documents, ofDocuments: documents });
  const batch = (text: TokenisedInstructions, chosen: readonly number[]): TokenBatch =>
    nextTokens(text.windows, chosen, tokenizer.padTokenId, (window) => text.firstTargets[window] ?? 1);
  const plan = new BatchPlan(train.windows, seed, training.batchSize);
  const heldOut: HeldOutText = {
    windows: test.windows,
    seed,
    batchSize: training.batchSize,
    batch: (chosen) => batch(test, chosen),
  };
  const step = stepOf(spec, weights);
  const session = await TokenSession.open(step, options.threads);
  try {
    const initial = (): NamedTensors => startingTensors(step.trainable, weights);
    const trained = await trainOnText(training, {
      ...options,
      session,
      folder,
      heldOut,
      initial,
      batch: (at) => batch(train, plan.batch(at)),
    });
    const score = await heldOutLoss(session, trained.parameters, heldOut);
    const tensors = new Map([...weights.tensors, ...trained.parameters]);
    await saveDecoder(spec.out, { config: weights.config, tensors }, { precision: spec.precision });
    await saveTokenizer(spec.out, tokenizer);
    return {
      out: spec.out,
      parameters: parameterCount(trained.parameters),
      vocabulary: tokenizer.vocabularySize,
      steps: trained.step,
      trainDocuments: windowCount(train.windows),
      heldOutDocuments: windowCount(test.windows),
      trainTokens: train.windows.ids.length,
      corpusDigest: set.digest,
      trainLoss: recentLoss(trained),
      heldOutLoss: score.loss,
      heldOutPerplexity: Math.exp(score.loss),
      heldOutAccuracy: score.accuracy,
      digest: await digestCheckpoint(spec.out),
    };
  } finally {
    await session.close();
  }
}

/** What decides the weights: everything but where they go and how they are written. */
function fingerprint({ seed, training }: TuneSpec, base: string, set: InstructionSet): string {
  const deciding = { ...training, saveEverySteps: 0, evaluateEverySteps: 0 };
  return createHash('sha256')
    .update(JSON.stringify([seed, base, deciding, set.digest]))
    .digest('hex')
    .slice(0, 16);
}

function checkSizes({ training }: TuneSpec, config: DecoderConfig, tokenizer: Tokenizer): void {
  checkVocabulary(tokenizer, config);
  const { maxTokens, trainableBlocks } = training;
  if (maxTokens > config.maxPositions)
    throw new TuningError(
      'tuning.spec',
      `training.maxTokens: ${maxTokens} is more than the model's context, ${config.maxPositions}`,
    );
  if (trainableBlocks !== 'all' && trainableBlocks > config.layers)
    throw new TuningError(
      'tuning.spec',
      `training.trainableBlocks: ${trainableBlocks} is more than the model has, ${config.layers}`,
    );
}

function tokenised(
  instructions: InstructionSet['train'],
  tokenizer: Tokenizer,
  maxTokens: number,
  what: string,
): TokenisedInstructions {
  const text = tokeniseInstructions(instructions, tokenizer, maxTokens);
  if (windowCount(text.windows) > 0) return text;
  throw new TuningError('tuning.spec', `training.maxTokens: no ${what} fits in ${maxTokens} tokens; raise it`);
}

function stepOf({ training: { trainableBlocks } }: TuneSpec, { config, tensors }: DecoderWeights) {
  return buildCausalStep(config, trainableBlocks === 'all' ? undefined : { tensors, trainableBlocks });
}

/** Copies, since training writes into them. */
function startingTensors(trainable: readonly { readonly name: string }[], { tensors }: DecoderWeights): NamedTensors {
  return new Map(
    trainable.flatMap(({ name }) => {
      const tensor = tensors.get(name);
      return tensor === undefined ? [] : [[name, { shape: tensor.shape, data: tensor.data.slice() }] as const];
    }),
  );
}
