import type { Reporter } from './reporter.ts';
import type { ClosingFigures, RoundFigures } from '#storage';
import type { ComparedCompletion, RunPlan, RunStatus } from './run-figures.ts';

/** One JSON object a line on standard output and nothing else there; the last is `experiment.finished`. */
export class JsonReporter implements Reporter {
  private readonly out: NodeJS.WritableStream;
  private readonly err: NodeJS.WritableStream;

  constructor(out: NodeJS.WritableStream, err: NodeJS.WritableStream) {
    this.out = out;
    this.err = err;
  }

  plan(plan: RunPlan): void {
    this.line({ event: 'experiment.planned', ...plan });
  }

  status(status: RunStatus): void {
    this.line({ event: 'progress', ...status });
  }

  round(round: RoundFigures): void {
    this.line({ event: 'round.closed', ...round });
  }

  compared(completions: readonly ComparedCompletion[]): void {
    this.line({ event: 'completions.compared', completions });
  }

  finished(closing: ClosingFigures): void {
    this.line({ event: 'experiment.finished', ...closing });
  }

  note(text: string): void {
    this.err.write(`${text}\n`);
  }

  close(): void {
    // Nothing is held.
  }

  private line(value: object): void {
    this.out.write(`${JSON.stringify(value)}\n`);
  }
}
