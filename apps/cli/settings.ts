import { availableParallelism } from 'node:os';
import { delimiter, resolve } from 'node:path';
import { databaseVariable, readSettings, threadsVariable } from '#operations';
import { z } from 'zod';

/** What the command line is told by its environment. */
export const commandVariables = z.object({
  AIRTUNE_HOME: z.string().min(1).default('.airtune').describe('the work folder: database, blobs, personal models'),
  AIRTUNE_BLOBS: z
    .string()
    .optional()
    .describe('the coordinator’s folder of blobs, for an audit; default: in the work folder'),
  DATABASE_URL: databaseVariable.optional().describe('a PostgreSQL of your own instead of the embedded one'),
  AIRTUNE_THREADS: threadsVariable.optional(),
  AIRTUNE_COORDINATOR: z
    .url({ protocol: /^https?$/, error: 'must be a URL such as http://127.0.0.1:4000' })
    .optional()
    .describe('URL of running services: commands then go there, as with --coordinator'),
  AIRTUNE_TOKEN: z.string().min(1).optional().describe('the token that these services want'),
  AIRTUNE_SITE_FILE: z
    .string()
    .optional()
    .describe('files of the sites of a run, separated by colons; each names its clients and their data'),
  AIRTUNE_DATA_ROOTS: z
    .string()
    .optional()
    .describe('folders under which data may be opened, separated by colons; default: anywhere'),
  AIRTUNE_MODEL_ROOTS: z.string().optional().describe('folders under which base models may be opened, likewise'),
  AIRTUNE_REWARD_MODELS: z
    .string()
    .optional()
    .describe(
      'reward models that are started as services beside a run or `up`: folders or modules, separated by colons',
    ),
  AIRTUNE_DEBUG: z.string().optional().describe('1 prints stack traces with errors'),
});

export interface Settings {
  readonly home: string;
  readonly databaseUrl?: string;
  /** Where the coordinator keeps blobs, if not in the work folder. */
  readonly blobs?: string;
  readonly threads: number;
  readonly coordinator?: string;
  readonly token?: string;
  /** Files of the sites that a run starts; without them it is one site, for simulated clients. */
  readonly siteFiles?: readonly string[];
  readonly dataRoots?: readonly string[];
  readonly modelRoots?: readonly string[];
  /** Folders and modules of reward models that are started as services. */
  readonly rewardModels?: readonly string[];
}

/**
 * Reads what the environment says, once; an empty variable counts as one that is not set.
 * @throws OperationsError `settings.invalid` that names the variable.
 */
export function readCommandSettings(environment: NodeJS.ProcessEnv): Settings {
  const said = readSettings(commandVariables, environment);
  const { AIRTUNE_HOME, DATABASE_URL, AIRTUNE_THREADS, AIRTUNE_COORDINATOR, AIRTUNE_TOKEN } = said;
  const { AIRTUNE_SITE_FILE, AIRTUNE_DATA_ROOTS, AIRTUNE_MODEL_ROOTS, AIRTUNE_REWARD_MODELS } = said;
  return {
    home: resolve(AIRTUNE_HOME),
    ...(said.AIRTUNE_BLOBS === undefined ? {} : { blobs: resolve(said.AIRTUNE_BLOBS) }),
    ...(DATABASE_URL === undefined ? {} : { databaseUrl: DATABASE_URL }),
    ...(AIRTUNE_COORDINATOR === undefined ? {} : { coordinator: AIRTUNE_COORDINATOR }),
    ...(AIRTUNE_TOKEN === undefined ? {} : { token: AIRTUNE_TOKEN }),
    threads: AIRTUNE_THREADS ?? Math.min(8, availableParallelism()),
    ...(AIRTUNE_SITE_FILE === undefined ? {} : { siteFiles: listOf(AIRTUNE_SITE_FILE) }),
    ...(AIRTUNE_DATA_ROOTS === undefined ? {} : { dataRoots: listOf(AIRTUNE_DATA_ROOTS) }),
    ...(AIRTUNE_MODEL_ROOTS === undefined ? {} : { modelRoots: listOf(AIRTUNE_MODEL_ROOTS) }),
    ...(AIRTUNE_REWARD_MODELS === undefined ? {} : { rewardModels: listOf(AIRTUNE_REWARD_MODELS) }),
  };
}

function listOf(paths: string): string[] {
  return paths
    .split(delimiter)
    .filter((path) => path !== '')
    .map((path) => resolve(path));
}
