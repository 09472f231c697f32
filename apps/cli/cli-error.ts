/** Something that the user can mend; printed without a stack. Exit codes are listed in `exit-codes.ts`. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly retryable: boolean = false;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
