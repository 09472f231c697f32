/** A command that the coordinator cannot follow; trying again never helps. */
export class CoordinatorError extends Error {
  override readonly name = 'CoordinatorError';
  readonly retryable = false;
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
