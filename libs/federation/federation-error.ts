/** A round that was composed wrongly, not one that went wrong; trying again never helps. */
export class FederationError extends Error {
  override readonly name = 'FederationError';
  readonly retryable = false;
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
