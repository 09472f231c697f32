/** Something that cannot be put in canonical form, or a key that is none; trying again never helps. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly retryable = false;
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
