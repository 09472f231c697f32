import { join } from 'node:path';
import type { PretrainSpec } from '#contracts';
import type { Corpus } from '#datasets';
import { digestCheckpoint, saveTokenizer } from '#language-models';
import { parameterCount } from '#parameters';
import type { Checkpoint } from './checkpoint.ts';
import { heldOutLoss, type HeldOutScore, type HeldOutText } from './held-out-loss.ts';
import { objectiveOf } from './objective.ts';
import { BatchPlan } from './plan-batches.ts';
import { openPretrainingCorpus, prepareText, type PreparedText } from './prepare-text.ts';
import { fingerprint } from './pretraining-config.ts';
import { TokenSession } from './token-session.ts';
import { windowCount } from './token-windows.ts';
import { trainOnText } from './train-on-text.ts';
import { recentLoss } from './train-steps.ts';
import type { TrainingProgress, TrainingReport } from './training-report.ts';

export interface TrainingOptions {
  /** Where tokenised text and checkpoints are kept; runs of different specs do not meet there. */
  readonly workFolder: string;
  readonly threads: number;
  readonly onProgress: (progress: TrainingProgress) => void;
  /** Asked between steps; on true the run stores a checkpoint and stops. */
  readonly stopRequested: () => boolean;
}

/** Stage 1 of the paper from text to a Hugging Face folder. A run that was cut goes on from its last checkpoint to the same bits. */
export async function runPretraining(spec: PretrainSpec, options: TrainingOptions): Promise<TrainingReport> {
  const corpus = await openPretrainingCorpus(spec);
  const folder = join(options.workFolder, fingerprint(spec, corpus));
  const text = await prepareText(spec, corpus, folder, options.onProgress);
  const objective = objectiveOf(spec, text.tokenizer);
  const { seed, training } = spec;
  const plan = new BatchPlan(text.train, seed, training.batchSize);
  const heldOut: HeldOutText = {
    windows: text.heldOut,
    seed,
    batchSize: training.batchSize,
    batch: (chosen, at) => objective.batch(text.heldOut, chosen, 'held-out', at),
  };
  const session = await TokenSession.open(objective.step, options.threads);
  try {
    const trained = await trainOnText(training, {
      ...options,
      session,
      folder,
      heldOut,
      initial: () => objective.initial(),
      batch: (step) => objective.batch(text.train, plan.batch(step), 'train', step),
    });
    const score = await heldOutLoss(session, trained.parameters, heldOut);
    await objective.save(trained.parameters);
    await saveTokenizer(spec.out, text.tokenizer);
    return await report(spec, { corpus, text, trained, score });
  } finally {
    await session.close();
  }
}

interface Outcome {
  readonly corpus: Corpus;
  readonly text: PreparedText;
  readonly trained: Checkpoint;
  readonly score: HeldOutScore;
}

async function report(spec: PretrainSpec, { corpus, text, trained, score }: Outcome): Promise<TrainingReport> {
  return {
    out: spec.out,
    parameters: parameterCount(trained.parameters),
    vocabulary: text.tokenizer.vocabularySize,
    steps: trained.step,
    trainDocuments: corpus.trainDocuments,
    heldOutDocuments: corpus.heldOutDocuments,
    trainTokens: text.train.ids.length - 2 * windowCount(text.train),
    corpusDigest: corpus.digest,
    trainLoss: recentLoss(trained),
    heldOutLoss: score.loss,
    heldOutPerplexity: Math.exp(score.loss),
    heldOutAccuracy: score.accuracy,
    digest: await digestCheckpoint(spec.out),
  };
}
