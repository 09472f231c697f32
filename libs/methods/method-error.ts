/** A method that does not exist, or tensors that it does not know; trying again never helps. */
export class MethodError extends Error {
  override readonly name = 'MethodError';
  readonly retryable = false;
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
