import type { EvaluatedArm } from '#contracts';

/** How far a client's training is; steps of one arm of one round. */
export interface TrainingProgress {
  readonly experiment: string;
  readonly client: string;
  readonly round: number;
  readonly arm: EvaluatedArm;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
}

/**
 * Who runs the process hears here what is no fact on the wire: progress within a round, and failures outside of handlers,
 * which the transport never sees.
 */
export class TrainerObserver {
  readonly progress: (progress: TrainingProgress) => void;
  readonly fault: (error: Error) => void;

  constructor(
    parts: {
      readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
      readonly onFault?: ((error: Error) => void) | undefined;
    } = {},
  ) {
    this.progress = parts.onProgress ?? (() => undefined);
    this.fault =
      parts.onFault ??
      ((error) => {
        throw error;
      });
  }
}
