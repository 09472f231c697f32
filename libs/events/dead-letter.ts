/** A message that could not be handled, as it was, and why. (service, topic, partition, offset) names it. */
export interface DeadLetter {
  /** Who could not handle it: `coordinator`, `trainer/lab-7`. */
  readonly service: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly code: string;
  readonly reason: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}

/** Keeps dead letters for whoever looks into them. Called again for the same letter after a crash. */
export type OnDeadLetter = (letter: DeadLetter) => void | Promise<void>;

/** An error in the words of a dead letter. */
export function reasonOf(error: unknown): Pick<DeadLetter, 'code' | 'reason'> {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return {
    code: typeof code === 'string' ? code : 'handler.failed',
    reason: typeof message === 'string' ? message : String(error),
  };
}
