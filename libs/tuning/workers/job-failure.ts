import { TuningError } from '../tuning-error.ts';

/** What is left of an error when it crosses between threads: structured cloning drops its class and its code. */
export interface JobFailure {
  readonly outcome: 'failed';
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

export function failureOf(error: unknown): JobFailure {
  const { code, retryable } = error as { code?: unknown; retryable?: unknown };
  return {
    outcome: 'failed',
    code: typeof code === 'string' ? code : 'tuning.failed',
    message: error instanceof Error ? error.message : String(error),
    retryable: retryable === true,
  };
}

/** The error again, on the other side. */
export function errorOf({ code, message, retryable }: JobFailure): TuningError {
  return new TuningError(code, message, { retryable });
}

/** What becomes of a job when its pool is closed. */
export function givenUp(): TuningError {
  return new TuningError('tuning.given-up', 'Training was given up.', { retryable: true });
}
