import { describeCompletions } from './describe-completions.ts';
import { describeClosing, describePlan, describeRound } from './describe-run.ts';
import type { Reporter } from './reporter.ts';
import type { ClosingFigures, RoundFigures } from '#storage';
import type { ComparedCompletion, RunPlan } from './run-figures.ts';

/** Lines without escapes or rewriting, for files and pipes. */
export class PlainReporter implements Reporter {
  private readonly out: NodeJS.WritableStream;
  private readonly err: NodeJS.WritableStream;

  constructor(out: NodeJS.WritableStream, err: NodeJS.WritableStream) {
    this.out = out;
    this.err = err;
  }

  plan(plan: RunPlan): void {
    this.out.write(`${describePlan(plan)}\n\n`);
  }

  status(): void {
    // A file keeps what has happened; where the run is just now is for terminals.
  }

  round(round: RoundFigures, rounds: number): void {
    this.out.write(`${describeRound(round, rounds)}\n`);
  }

  compared(completions: readonly ComparedCompletion[]): void {
    this.out.write(`\n${describeCompletions(completions)}\n`);
  }

  finished(closing: ClosingFigures): void {
    this.out.write(`\n${describeClosing(closing)}\n`);
  }

  note(text: string): void {
    this.err.write(`${text}\n`);
  }

  close(): void {
    // Nothing is held.
  }
}
