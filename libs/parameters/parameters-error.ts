/** Malformed tensors or bytes; trying again with the same input never helps. */
export class ParametersError extends Error {
  override readonly name = 'ParametersError';
  readonly retryable = false;
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
