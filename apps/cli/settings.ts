import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { explainIssues } from '#contracts';
import { z } from 'zod';
import { CliError } from './cli-error.ts';

const environment = z.object({
  /** Where runs keep their work: database, blobs, personal models. */
  AIRTUNE_HOME: z.string().min(1).default('.airtune'),
  /** An external PostgreSQL; without it an embedded one lives under AIRTUNE_HOME. */
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://')
    .refine((url) => URL.canParse(url), 'is not a URL; it looks like postgres://user:password@host:5432/database')
    .optional(),
  /** Processor cores that training may use. */
  AIRTUNE_THREADS: z.coerce.number().int().min(1).max(1024).optional(),
});

export interface Settings {
  readonly home: string;
  readonly databaseUrl?: string;
  readonly threads: number;
}

/**
 * Reads what the environment says, once; an empty variable counts as one that is not set.
 * @throws CliError `settings.invalid` that names the variable.
 */
export function readSettings(variables: NodeJS.ProcessEnv): Settings {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const checked = environment.safeParse(set);
  if (!checked.success)
    throw new CliError('settings.invalid', explainIssues(checked.error, environment, set).join('\n'));
  const { AIRTUNE_HOME, DATABASE_URL, AIRTUNE_THREADS } = checked.data;
  return {
    home: resolve(AIRTUNE_HOME),
    ...(DATABASE_URL === undefined ? {} : { databaseUrl: DATABASE_URL }),
    threads: AIRTUNE_THREADS ?? Math.min(8, availableParallelism()),
  };
}
