/** A file that a user wrote and can mend: the message names file, line and field. A retry never helps. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  readonly retryable = false;
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
