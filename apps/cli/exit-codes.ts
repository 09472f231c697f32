/** How a command ends; `airtune --help` and the README list these. */
export const EXIT = {
  success: 0,
  /** The run began and failed. */
  failed: 1,
  /** What was asked for is wrong: arguments, spec, model folder, data. Nothing was started. */
  badInput: 2,
  /** What the run stands on is not there: database, work folder, disk. */
  environment: 3,
  /** Ctrl-C; `airtune resume` goes on. */
  interrupted: 130,
  /** SIGTERM; `airtune resume` goes on. */
  terminated: 143,
} as const;

/** What storage finds wrong with a question rather than with itself. */
const ASKED_WRONGLY = ['storage.experiment-unknown', 'storage.experiment-unfinished'];

/** The exit code for an error, by the first part of its code. */
export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  if (code === undefined) return EXIT.failed;
  if (ASKED_WRONGLY.includes(code)) return EXIT.badInput;
  if (code.startsWith('storage.') || code === 'ENOSPC') return EXIT.environment;
  return code.startsWith('run.') ? EXIT.failed : EXIT.badInput;
}

/** The machine-readable code that Airtune's errors carry, if this is one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
