import type { ExperimentSpec } from '#contracts';
import type { ClosingFigures, RoundFigures } from '#storage';
import type { Enrolment } from '../progress/plan-run.ts';
import type { ComparedCompletion } from '../progress/run-figures.ts';

/** What happens to a run, as far as its watchers are told. */
export type RunEvent =
  | { readonly kind: 'round-opened'; readonly round: number }
  | { readonly kind: 'client-moved'; readonly client: string; readonly to: ClientPhase }
  | { readonly kind: 'round-closed'; readonly round: number }
  /** Something worth knowing that moves nothing. */
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'finished' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** Where a client is in a round. */
export type ClientPhase = 'training' | 'sending' | 'lost' | 'done';

/** Where a run is watched and its figures are read: in this process, or at a coordinator elsewhere. */
export interface RunSource {
  /**
   * Hears every event with its time in ms, in order, until the returned function is called; `fail` when there is nothing
   * more to hear.
   */
  watch(hear: (event: RunEvent, atMs: number) => void, fail: (error: Error) => void): () => void;
  enrolments(): Promise<readonly Enrolment[]>;
  /** Undefined where there is no such round. */
  round(number: number): Promise<RoundFigures | undefined>;
  closing(): Promise<ClosingFigures>;
  /** A few answers before and after, where their texts are on this machine. */
  completions(spec: ExperimentSpec): Promise<readonly ComparedCompletion[]>;
}
