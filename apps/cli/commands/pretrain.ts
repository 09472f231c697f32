import { join } from 'node:path';
import { createLogUpdate } from 'log-update';
import { pretrainEncoder, type PretrainingProgress, type PretrainingReport } from '#tuning';
import { codeOf } from '#operations';
import { count, duration, percent } from '../progress/figures.ts';
import { isTerminal, type Console } from '../progress/console.ts';
import type { Settings } from '../settings.ts';
import { readPretrainSpec } from '../spec/read-pretrain-spec.ts';
import { listenForStop } from './stop-signals.ts';

const STEPS_A_LINE = 100;

/** Pre-trains an encoder and says how it goes; after Ctrl-C the same command goes on. */
export async function pretrain(
  file: string,
  options: { readonly json: boolean },
  settings: Settings,
  process: NodeJS.Process,
): Promise<void> {
  const spec = await readPretrainSpec(file);
  const stop = listenForStop(process);
  const teller = new PretrainingTeller(process, options.json, () => performance.now());
  try {
    const report = await pretrainEncoder(spec, {
      workFolder: join(settings.home, 'pretraining', spec.name),
      threads: settings.threads,
      signal: stop.signal,
      onProgress: (progress) => {
        teller.tell(progress);
      },
    });
    teller.finished(report);
  } catch (error) {
    if (codeOf(error) !== 'pretraining.stopped') throw error;
    process.stderr.write(`Stopped. Go on with: airtune pretrain ${file}\n`);
    process.exitCode = stop.exitCode() ?? 1;
  } finally {
    teller.close();
    stop.release();
  }
}

/** Says what pre-training does: JSON lines, or lines with one live line where there is a terminal. */
class PretrainingTeller {
  private readonly console: Console;
  private readonly json: boolean;
  private readonly now: () => number;
  private readonly live: ReturnType<typeof createLogUpdate> | undefined;
  private begun: { readonly step: number; readonly atMs: number } | undefined;

  constructor(console: Console, json: boolean, now: () => number) {
    this.console = console;
    this.json = json;
    this.now = now;
    this.live = !json && isTerminal(console.stdout) ? createLogUpdate(console.stdout) : undefined;
  }

  tell(progress: PretrainingProgress): void {
    if (this.json) {
      const { phase, ...figures } = progress;
      if (phase !== 'step' || progress.step % STEPS_A_LINE === 0) this.object(`pretraining.${phase}`, figures);
      return;
    }
    const text = this.describe(progress);
    const passing =
      progress.phase === 'step' || (progress.phase === 'corpus' && progress.documents < progress.ofDocuments);
    if (passing && this.live !== undefined) this.live(text);
    else if (progress.phase !== 'step' || progress.step % STEPS_A_LINE === 0) this.line(text);
  }

  finished(report: PretrainingReport): void {
    if (this.json) {
      this.object('pretraining.finished', report);
      return;
    }
    this.line(
      [
        `${report.out}: ${count(report.parameters)} parameters, vocabulary ${count(report.vocabulary)}`,
        `${count(report.steps)} steps on ${count(report.trainDocuments)} documents (${count(report.trainTokens)} tokens)`,
        `loss ${report.trainLoss.toFixed(3)}; held out on ${count(report.heldOutDocuments)} documents: ${report.heldOutLoss.toFixed(3)}, ` +
          `perplexity ${report.heldOutPerplexity.toFixed(1)}, ${percent(report.heldOutAccuracy)} of masked tokens right`,
        report.digest,
      ].join('\n'),
    );
  }

  close(): void {
    this.live?.clear();
    this.live?.done();
  }

  private describe(progress: PretrainingProgress): string {
    switch (progress.phase) {
      case 'tokenizer':
        return `vocabulary of ${count(progress.vocabulary)} learnt`;
      case 'corpus':
        return `tokenised ${count(progress.documents)} of ${count(progress.ofDocuments)} documents`;
      case 'resumed':
        return `going on at step ${progress.step} of ${progress.steps}`;
      case 'saved':
        return `saved at step ${progress.step}`;
      case 'held-out':
        return `step ${progress.step}/${progress.steps} · held-out loss ${progress.loss.toFixed(3)}, ${percent(progress.accuracy)} right`;
      case 'step':
        return `step ${progress.step}/${progress.steps} · loss ${progress.loss.toFixed(3)} · rate ${progress.learningRate.toExponential(2)}${this.remaining(progress)}`;
    }
  }

  private remaining({ step, steps }: { readonly step: number; readonly steps: number }): string {
    this.begun ??= { step, atMs: this.now() };
    const done = step - this.begun.step;
    if (done < 5) return '';
    return ` · about ${duration(((this.now() - this.begun.atMs) / done) * (steps - step))} to go`;
  }

  private line(text: string): void {
    this.live?.clear();
    this.console.stdout.write(`${text}\n`);
  }

  private object(event: string, figures: object): void {
    this.console.stdout.write(`${JSON.stringify({ event, ...figures })}\n`);
  }
}
