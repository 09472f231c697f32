/** A draw that cannot be made as asked: always the caller's argument, so a retry never helps. */
export class RandomnessError extends Error {
  readonly code: string;
  readonly retryable = false;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'RandomnessError';
    this.code = code;
  }
}
