/** A crossing that the channel cannot carry; `retryable` says whether sending the fact again may help. */
export class ChannelError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, retryable: boolean) {
    super(message);
    this.name = 'ChannelError';
    this.code = code;
    this.retryable = retryable;
  }
}
