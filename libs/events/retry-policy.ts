/** How a message is handled again after a failure that says that a retry may help: the pause doubles, up to `mostMs`. */
export interface RetryPolicy {
  readonly firstMs: number;
  readonly mostMs: number;
  /** Pauses in sum; after that the failure counts as final. */
  readonly forMs: number;
}

/** The pauses between attempts, in ms. */
export function* pausesMs({ firstMs, mostMs, forMs }: RetryPolicy): Generator<number> {
  let spent = 0;
  for (let pause = firstMs; spent + pause <= forMs; pause = Math.min(mostMs, pause * 2)) {
    spent += pause;
    yield pause;
  }
}

/** Errors say so themselves; whatever says nothing is final. */
export function isRetryable(error: unknown): boolean {
  return (error as { retryable?: unknown } | null)?.retryable === true;
}
