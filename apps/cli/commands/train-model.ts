import { codeOf } from '#operations';
import type { TrainingCallOptions, TrainingProgress, TrainingReport } from '#tuning';
import { count, percent } from '../progress/figures.ts';
import { TrainingTeller } from '../progress/training-teller.ts';
import type { Settings } from '../settings.ts';
import { listenForStop } from './stop-signals.ts';

/** How a kind of training calls what it works on. */
interface TrainingWords {
  /** The first part of each JSON event's name. */
  readonly event: string;
  readonly documents: string;
  /** What is predicted. */
  readonly targets: string;
}

export interface TrainModelOptions {
  readonly words: TrainingWords;
  /** What goes on with it after a stop. */
  readonly command: string;
  readonly json: boolean;
  readonly workFolder: string;
  readonly settings: Settings;
  readonly process: NodeJS.Process;
}

/** Trains, tells, and stops with a checkpoint when asked to. */
export async function trainModel(
  train: (options: TrainingCallOptions) => Promise<TrainingReport>,
  { words, command, json, workFolder, settings, process }: TrainModelOptions,
): Promise<void> {
  const stop = listenForStop(process);
  const teller = new TrainingTeller<TrainingProgress>(process, {
    json,
    now: () => performance.now(),
    prefix: words.event,
    describe: (progress) => describe(progress, words),
    passes: (progress) =>
      progress.phase === 'step' || (progress.phase === 'corpus' && progress.documents < progress.ofDocuments),
  });
  try {
    const report = await train({
      workFolder,
      threads: settings.threads,
      signal: stop.signal,
      onProgress: (progress) => {
        teller.tell(progress);
      },
    });
    teller.finished(`${words.event}.finished`, report, describeReport(report, words));
  } catch (error) {
    if (codeOf(error) !== 'pretraining.stopped') throw error;
    process.stderr.write(`Stopped. Go on with: ${command}\n`);
    process.exitCode = stop.exitCode() ?? 1;
  } finally {
    teller.close();
    stop.release();
  }
}

function describe(progress: TrainingProgress, { documents }: TrainingWords): string {
  switch (progress.phase) {
    case 'tokenizer':
      return `vocabulary of ${count(progress.vocabulary)} learnt`;
    case 'corpus':
      return `tokenised ${count(progress.documents)} of ${count(progress.ofDocuments)} ${documents}`;
    case 'resumed':
      return `going on at step ${progress.step} of ${progress.steps}`;
    case 'saved':
      return `saved at step ${progress.step}`;
    case 'held-out':
      return `step ${progress.step}/${progress.steps} · held-out loss ${progress.loss.toFixed(3)}, ${percent(progress.accuracy)} right`;
    case 'step':
      return `step ${progress.step}/${progress.steps} · loss ${progress.loss.toFixed(3)} · rate ${progress.learningRate.toExponential(2)}`;
  }
}

function describeReport(report: TrainingReport, { documents, targets }: TrainingWords): string[] {
  return [
    `${report.out}: ${count(report.parameters)} parameters trained, vocabulary ${count(report.vocabulary)}`,
    `${count(report.steps)} steps on ${count(report.trainDocuments)} ${documents} (${count(report.trainTokens)} tokens)`,
    `loss ${report.trainLoss.toFixed(3)}; held out on ${count(report.heldOutDocuments)} ${documents}: ${report.heldOutLoss.toFixed(3)}, ` +
      `perplexity ${report.heldOutPerplexity.toFixed(1)}, ${percent(report.heldOutAccuracy)} of ${targets} right`,
    report.digest,
  ];
}
