import { databaseVariable, isLoopback, kafkaVariables, serviceVariables, tokenVariable } from '#operations';
import { z } from 'zod';

const PORT = 4000;

/** What a coordinator is told by its environment. */
export const coordinatorVariables = z
  .object({
    DATABASE_URL: databaseVariable.describe(
      'the record, a PostgreSQL database: postgres://user:password@host:5432/name',
    ),
    AIRTUNE_DATABASE_OWNER_URL: databaseVariable
      .optional()
      .describe('who owns its schema, where that is not the user of DATABASE_URL; migrations run as the owner'),
    AIRTUNE_BLOBS: z
      .string()
      .min(1)
      .optional()
      .describe('folder of parameter blobs, the same for all replicas; default: coordinator/blobs in the work folder'),
    AIRTUNE_TOKEN: tokenVariable,
    ...serviceVariables(PORT),
    ...kafkaVariables,
  })
  .refine(({ AIRTUNE_HOST, AIRTUNE_TOKEN }) => AIRTUNE_TOKEN !== undefined || isLoopback(AIRTUNE_HOST), {
    path: ['AIRTUNE_TOKEN'],
    message: 'must be set where AIRTUNE_HOST is not a loopback address such as 127.0.0.1',
  });
