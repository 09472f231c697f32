import { createLogUpdate } from 'log-update';
import { describeCompletions } from './describe-completions.ts';
import { describeClosing, describePlan, describeRound, describeStatus } from './describe-run.ts';
import type { Reporter } from './reporter.ts';
import type { ClosingFigures, RoundFigures } from '#storage';
import type { ComparedCompletion, RunPlan, RunStatus } from './run-figures.ts';

/** A line a round, and below it one line that says where the run is just now. */
export class TerminalReporter implements Reporter {
  private readonly live: ReturnType<typeof createLogUpdate>;
  private readonly out: NodeJS.WriteStream;

  constructor(out: NodeJS.WriteStream) {
    this.out = out;
    this.live = createLogUpdate(out);
  }

  plan(plan: RunPlan): void {
    this.above(`${describePlan(plan)}\n`);
  }

  status(status: RunStatus): void {
    this.live(describeStatus(status));
  }

  round(round: RoundFigures, rounds: number): void {
    this.above(describeRound(round, rounds));
  }

  compared(completions: readonly ComparedCompletion[]): void {
    this.above(`\n${describeCompletions(completions)}`);
  }

  finished(closing: ClosingFigures): void {
    this.above(`\n${describeClosing(closing)}`);
  }

  note(text: string): void {
    this.above(text);
  }

  close(): void {
    this.live.clear();
    this.live.done();
  }

  private above(text: string): void {
    this.live.clear();
    this.out.write(`${text}\n`);
  }
}
