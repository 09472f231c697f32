/** A link or a transfer that cannot be simulated as described: the settings are wrong, so a retry never helps. */
export class RadioError extends Error {
  readonly code: string;
  readonly retryable = false;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'RadioError';
    this.code = code;
  }
}
