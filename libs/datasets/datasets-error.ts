/** Data that cannot be used as it is. The message names file and line where there is one, and the cure; a retry never helps. */
export class DatasetsError extends Error {
  override readonly name = 'DatasetsError';
  readonly retryable = false;
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
