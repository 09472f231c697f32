import { AsyncLocalStorage } from 'node:async_hooks';

/** What a line of the log belongs to. */
export interface LogFields {
  readonly experiment?: string;
  readonly round?: number;
  readonly client?: string;
  readonly fact?: string;
}

const current = new AsyncLocalStorage<LogFields>();

/** Runs work whose every log line carries these fields, whoever writes it. */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return current.run(fields, work);
}

/** The fields of what is being worked on just now. */
export function logFields(): LogFields {
  return current.getStore() ?? {};
}
