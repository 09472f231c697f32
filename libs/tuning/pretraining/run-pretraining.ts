import { join } from 'node:path';
import type { PretrainSpec } from '#contracts';
import type { Corpus } from '#datasets';
import { digestCheckpoint, saveEncoder, saveTokenizer, type EncoderConfig, type Tokenizer } from '#language-models';
import { parameterCount, type NamedTensors } from '#parameters';
import { adamW } from '../optimisers/adamw.ts';
import { clipGradients } from '../optimisers/clip-gradients.ts';
import { learningRateSchedule } from '../schedules/learning-rate-schedule.ts';
import { TuningError } from '../tuning-error.ts';
import { readLatestCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts';
import { heldOutLoss, type HeldOutScore } from './held-out-loss.ts';
import { initialEncoder } from './initial-encoder.ts';
import { maskTokens } from './mask-tokens.ts';
import { BatchPlan } from './plan-batches.ts';
import { openPretrainingCorpus, prepareText, type PreparedText } from './prepare-text.ts';
import type { PretrainingProgress, PretrainingReport } from './pretraining-report.ts';
import { encoderConfig, fingerprint, maskingOf } from './pretraining-config.ts';
import { PretrainingSession } from './pretraining-session.ts';
import { windowCount } from './token-windows.ts';
import { writeVocabulary } from './write-vocabulary.ts';

export interface PretrainingOptions {
  /** Where tokenised text and checkpoints are kept; runs of different specs do not meet there. */
  readonly workFolder: string;
  readonly threads: number;
  readonly onProgress: (progress: PretrainingProgress) => void;
  /** Asked between steps; on true the run stores a checkpoint and stops. */
  readonly stopRequested: () => boolean;
}

/** Losses that the reported training loss is the mean of. */
const RECENT = 100;

/** Stage 1 of the paper from text to a Hugging Face folder. A run that was cut goes on from its last checkpoint to the same bits. */
export async function runPretraining(spec: PretrainSpec, options: PretrainingOptions): Promise<PretrainingReport> {
  const corpus = await openPretrainingCorpus(spec);
  const folder = join(options.workFolder, fingerprint(spec, corpus));
  const text = await prepareText(spec, corpus, folder, options.onProgress);
  const config = encoderConfig(spec, text.tokenizer);
  const session = await PretrainingSession.open(config, options.threads);
  try {
    const trained = await train(spec, { config, text, session, folder, options });
    const heldOut = await evaluateHeldOut(spec, text, session, trained.parameters);
    await saveFolder(spec, config, text.tokenizer, trained.parameters);
    return await report(spec, { corpus, text, config, trained, heldOut });
  } finally {
    await session.close();
  }
}

interface Run {
  readonly config: EncoderConfig;
  readonly text: PreparedText;
  readonly session: PretrainingSession;
  readonly folder: string;
  readonly options: PretrainingOptions;
}

async function train(spec: PretrainSpec, { config, text, session, folder, options }: Run): Promise<Checkpoint> {
  const { steps, batchSize, learningRate, warmupFraction, weightDecay, clipNorm } = spec.training;
  const optimiser = adamW({ weightDecay, decays: (name) => !/bias$|norm\.weight$/.test(name) });
  const schedule = learningRateSchedule('linear', steps, Math.round(steps * warmupFraction));
  const plan = new BatchPlan(text.train, spec.seed, batchSize);
  const masking = maskingOf(spec, text.tokenizer);
  const start = await startingPoint(spec, config, folder);
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
      throw new TuningError('pretraining.stopped', `Stopped after step ${step} of ${steps}; start again to go on.`, {
        retryable: true,
      });
    }
    const { loss, gradients } = await session.gradients(
      parameters,
      maskTokens(text.train, plan.batch(step), masking, 'train', step),
    );
    const norm = clipGradients(gradients, clipNorm);
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) throw diverged(step, loss);
    const rate = learningRate * schedule(step);
    optimiser.update(gradients, state, parameters, rate);
    step += 1;
    recentLosses = [...recentLosses, loss].slice(-RECENT);
    options.onProgress({ phase: 'step', step, steps, loss, learningRate: rate });
    if (step % spec.training.evaluateEverySteps === 0 && step < steps) {
      const score = await evaluateHeldOut(spec, text, session, parameters);
      options.onProgress({ phase: 'held-out', step, steps, ...score });
    }
    if (step % spec.training.saveEverySteps === 0 && step < steps) await save();
  }
  return save();
}

async function startingPoint(spec: PretrainSpec, config: EncoderConfig, folder: string): Promise<Checkpoint> {
  const stored = await readLatestCheckpoint(folder);
  if (stored !== undefined) return stored;
  const parameters = initialEncoder(config, spec.seed);
  return { step: 0, parameters, optimiser: adamW().initial(parameters), recentLosses: [] };
}

function evaluateHeldOut(
  spec: PretrainSpec,
  text: PreparedText,
  session: PretrainingSession,
  parameters: NamedTensors,
): Promise<HeldOutScore> {
  return heldOutLoss(session, parameters, text.heldOut, maskingOf(spec, text.tokenizer), spec.training.batchSize);
}

async function saveFolder(
  spec: PretrainSpec,
  config: EncoderConfig,
  tokenizer: Tokenizer,
  tensors: NamedTensors,
): Promise<void> {
  await saveEncoder(spec.out, { config, tensors }, { precision: spec.precision });
  await saveTokenizer(spec.out, tokenizer);
  await writeVocabulary(spec.out, tokenizer);
}

interface Outcome {
  readonly corpus: Corpus;
  readonly text: PreparedText;
  readonly config: EncoderConfig;
  readonly trained: Checkpoint;
  readonly heldOut: HeldOutScore;
}

async function report(spec: PretrainSpec, outcome: Outcome): Promise<PretrainingReport> {
  const { corpus, text, config, trained, heldOut } = outcome;
  return {
    out: spec.out,
    parameters: parameterCount(trained.parameters),
    vocabulary: config.vocabulary,
    steps: trained.step,
    trainDocuments: corpus.trainDocuments,
    heldOutDocuments: corpus.heldOutDocuments,
    trainTokens: text.train.ids.length - 2 * windowCount(text.train),
    corpusDigest: corpus.digest,
    trainLoss: trained.recentLosses.reduce((sum, loss) => sum + loss, 0) / trained.recentLosses.length,
    heldOutLoss: heldOut.loss,
    heldOutPerplexity: Math.exp(heldOut.loss),
    heldOutAccuracy: heldOut.accuracy,
    digest: await digestCheckpoint(spec.out),
  };
}

function diverged(step: number, loss: number): TuningError {
  return new TuningError(
    'pretraining.diverged',
    `The loss is ${loss} at step ${step + 1}: lower training.learningRate, or lengthen the warm-up.`,
  );
}
