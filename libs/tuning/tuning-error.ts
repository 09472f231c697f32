/** Tuning cannot go on. `retryable` says whether the same call may succeed later: a full disk may be emptied, a bad shape stays bad. */
export class TuningError extends Error {
  override readonly name = 'TuningError';
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
