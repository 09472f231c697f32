/**
 * A reward model cannot be trained, opened or asked. Codes: `reward.*`. `retryable` says whether the same call may succeed
 * later: a service that is away may come back, a score out of range stays so.
 */
export class RewardError extends Error {
  override readonly name = 'RewardError';
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
