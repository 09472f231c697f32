/** Something that `airtune up` keeps running: the broker, the database, a service. */
export interface Part {
  readonly name: string;
  /** Starts it, ready for use. Rejects with the reason; starting again after that is allowed, at the same address. */
  start(): Promise<RunningPart>;
}

export interface RunningPart {
  /** Where it is reached: a URL, or host:port. */
  readonly address: string;
  readonly pid: number | undefined;
  /** Resolves when it has ended, however it did, with how. */
  readonly ended: Promise<string>;
  /** Ends it in order; `now`, without waiting for anything. */
  stop(how?: 'now'): Promise<void>;
}
