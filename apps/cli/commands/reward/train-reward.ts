import { join } from 'node:path';
import { trainRewardModel, type RewardTrainingProgress, type RewardTrainingReport } from '#reward-models';
import { codeOf } from '#operations';
import { count, percent } from '../../progress/figures.ts';
import { TrainingTeller } from '../../progress/training-teller.ts';
import type { Settings } from '../../settings.ts';
import { readRewardSpec } from '../../spec/read-reward-spec.ts';
import { listenForStop } from '../stop-signals.ts';

/** Trains a reward model and says how it goes; after Ctrl-C the same command goes on. */
export async function trainReward(
  file: string,
  options: { readonly json: boolean },
  settings: Settings,
  process: NodeJS.Process,
): Promise<void> {
  const spec = await readRewardSpec(file);
  const stop = listenForStop(process);
  const teller = new TrainingTeller<RewardTrainingProgress>(process, {
    json: options.json,
    now: () => performance.now(),
    prefix: 'reward',
    describe,
  });
  try {
    const report = await trainRewardModel(spec, {
      workFolder: join(settings.home, 'reward-training', spec.name),
      threads: settings.threads,
      signal: stop.signal,
      onProgress: (progress) => {
        teller.tell(progress);
      },
    });
    teller.finished('reward.trained', report, describeReport(report));
  } catch (error) {
    if (codeOf(error) !== 'reward.stopped') throw error;
    process.stderr.write(`Stopped. Go on with: airtune reward train ${file}\n`);
    process.exitCode = stop.exitCode() ?? 1;
  } finally {
    teller.close();
    stop.release();
  }
}

function describe(progress: RewardTrainingProgress): string {
  switch (progress.phase) {
    case 'pairs':
      return [
        `${count(progress.train)} pairs to train on, ${count(progress.heldOut)} held out by prompt`,
        ...progress.notes,
      ].join('\n');
    case 'tokenised':
      return `tokenised ${count(progress.pairs)} pairs`;
    case 'resumed':
      return `going on at step ${progress.step} of ${progress.steps}`;
    case 'saved':
      return `saved at step ${progress.step}`;
    case 'held-out':
      return `step ${progress.step}/${progress.steps} · ${percent(progress.accuracy)} of held-out pairs right`;
    case 'step':
      return `step ${progress.step}/${progress.steps} · loss ${progress.loss.toFixed(3)} · rate ${progress.learningRate.toExponential(2)}`;
  }
}

function describeReport(report: RewardTrainingReport): string[] {
  const between = ({ low, high }: { readonly low: number; readonly high: number }): string =>
    `95 % interval ${percent(low)} to ${percent(high)}`;
  const { mean, deviation } = report.standardisation;
  return [
    `${report.out}: ${report.name}, version ${report.version}, ${count(report.parameters)} parameters`,
    `${count(report.steps)} steps on ${count(report.trainPairs)} pairs, loss ${report.trainLoss.toFixed(3)}`,
    `held-out pairs right   ${percent(report.pairAccuracy)} of ${count(report.heldOutPairs)} (${between(report.pairAccuracyInterval)})`,
    ...report.sources.map(
      (source) =>
        `  ${source.source}: ${percent(source.accuracy)} of ${count(source.heldOutPairs)} (${between(source.interval)})`,
    ),
    `calibration            off by ${percent(report.calibrationError)} on average, log loss ${report.logLoss.toFixed(3)}`,
    `standardised           (score − ${mean.toFixed(4)}) / ${deviation.toFixed(4)}: mean 0, deviation 1 on held-out completions`,
    report.digest,
  ];
}
