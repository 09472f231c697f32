import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { databaseVariable, readSettings, threadsVariable } from '#operations';
import { z } from 'zod';

/** What the command line is told by its environment. */
export const commandVariables = z.object({
  AIRTUNE_HOME: z.string().min(1).default('.airtune').describe('the work folder: database, blobs, personal models'),
  DATABASE_URL: databaseVariable.optional().describe('a PostgreSQL of your own instead of the embedded one'),
  AIRTUNE_THREADS: threadsVariable.optional(),
  AIRTUNE_COORDINATOR: z
    .url({ protocol: /^https?$/, error: 'must be a URL such as http://127.0.0.1:4000' })
    .optional()
    .describe('URL of running services: commands then go there, as with --coordinator'),
  AIRTUNE_TOKEN: z.string().min(1).optional().describe('the token that these services want'),
  AIRTUNE_DEBUG: z.string().optional().describe('1 prints stack traces with errors'),
});

export interface Settings {
  readonly home: string;
  readonly databaseUrl?: string;
  readonly threads: number;
  readonly coordinator?: string;
  readonly token?: string;
}

/**
 * Reads what the environment says, once; an empty variable counts as one that is not set.
 * @throws OperationsError `settings.invalid` that names the variable.
 */
export function readCommandSettings(environment: NodeJS.ProcessEnv): Settings {
  const said = readSettings(commandVariables, environment);
  const { AIRTUNE_HOME, DATABASE_URL, AIRTUNE_THREADS, AIRTUNE_COORDINATOR, AIRTUNE_TOKEN } = said;
  return {
    home: resolve(AIRTUNE_HOME),
    ...(DATABASE_URL === undefined ? {} : { databaseUrl: DATABASE_URL }),
    ...(AIRTUNE_COORDINATOR === undefined ? {} : { coordinator: AIRTUNE_COORDINATOR }),
    ...(AIRTUNE_TOKEN === undefined ? {} : { token: AIRTUNE_TOKEN }),
    threads: AIRTUNE_THREADS ?? Math.min(8, availableParallelism()),
  };
}
