/** A message could not be sent or read. `retryable` says whether sending it again may help. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
