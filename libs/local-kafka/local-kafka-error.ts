/** The local broker could not be had. `retryable` says whether trying again may help. */
export class LocalKafkaError extends Error {
  override readonly name = 'LocalKafkaError';
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
