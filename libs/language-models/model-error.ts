/**
 * Something is wrong with a model, a tokenizer or an export folder. No retry helps until the user has mended what `message` names.
 * Codes: `model.*` (config and tensors), `tokenizer.*`, `export.*`.
 */
export class ModelError extends Error {
  readonly code: string;
  readonly retryable = false;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelError';
    this.code = code;
  }
}

export function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

export function isMissingFile(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
