/** A service cannot be started or run as it was asked to; `retryable` says whether trying again may help. */
export class OperationsError extends Error {
  override readonly name = 'OperationsError';
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { readonly retryable?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}
