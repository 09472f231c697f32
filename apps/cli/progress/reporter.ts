import type { ClosingFigures, RoundFigures } from '#storage';
import type { ComparedCompletion, RunPlan, RunStatus } from './run-figures.ts';

/** Tells a run as it happens, each in its own way: on a terminal, in plain lines, as JSON lines. */
export interface Reporter {
  plan(plan: RunPlan): void;
  status(status: RunStatus): void;
  round(round: RoundFigures, rounds: number): void;
  /** Answers before and after, ahead of the figures. */
  compared(completions: readonly ComparedCompletion[]): void;
  finished(closing: ClosingFigures): void;
  /** Something worth knowing that is neither progress nor result; goes to standard error. */
  note(text: string): void;
  close(): void;
}
