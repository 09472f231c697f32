/** How a command ends; `airtune --help` and the README list these. */
export const EXIT = {
  success: 0,
  /** The run began and failed. */
  failed: 1,
  /** What was asked for is wrong: arguments, spec, model folder, data. */
  badInput: 2,
  /** What the run stands on is not there: database, work folder, disk. */
  environment: 3,
  /** Ctrl-C; `airtune resume` goes on. */
  interrupted: 130,
  /** SIGTERM; `airtune resume` goes on. */
  terminated: 143,
} as const;

/** The first parts of the codes that say that a user's input is wrong, and whole codes that do. */
const INPUT = [
  'request',
  'spec',
  'settings',
  'data',
  'model',
  'tokenizer',
  'method',
  'radio',
  'enrolment',
  'export',
  'profile',
  'resume',
  'quantise',
  'site',
];
const INPUT_CODES = [
  'experiment.blob-invalid',
  'experiment.ended',
  'experiment.exists',
  'experiment.reward-retired',
  'graph.int8-shape',
  'pretraining.spec',
  'reward.spec',
  'reward.folder',
  'reward.digest',
  'reward.unknown',
  'reward.service',
  'storage.experiment-unknown',
  'trainer.client-unknown',
  'trainer.experiment-unknown',
  'trainer.other-base',
  'trainer.int8-unsupported',
];

/** The first parts of the codes that say that something the process stands on is missing. */
const ENVIRONMENT = ['storage', 'operations', 'coordinator', 'kafka', 'local-kafka'];

/** Whole codes that do. */
const ENVIRONMENT_CODES = ['ENOSPC', 'graph.weights-file'];

/** The exit code for an error, by its code. */
export function exitCodeOf(error: unknown): number {
  const code = codeOf(error);
  if (code === undefined) return EXIT.failed;
  const [part = ''] = code.split('.');
  if (INPUT_CODES.includes(code) || INPUT.includes(part)) return EXIT.badInput;
  if (ENVIRONMENT.includes(part) || ENVIRONMENT_CODES.includes(code) || code.endsWith('.disk-full'))
    return EXIT.environment;
  return EXIT.failed;
}

/** The machine-readable code that Airtune's errors carry, if this is one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
