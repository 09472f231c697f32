import { kafkaEnvironment } from '#events';
import { z } from 'zod';

const LOG_LEVELS = ['debug', 'log', 'warn', 'error'] as const;

/** What every service is told: where it keeps its work, where it answers health and metrics, how much it says. */
export function serviceVariables(defaultPort: number) {
  return {
    AIRTUNE_HOME: z.string().min(1).default('.airtune').describe('the work folder'),
    AIRTUNE_HOST: z.string().min(1).max(255).default('127.0.0.1').describe('address to listen on'),
    AIRTUNE_PORT: z.coerce
      .number()
      .int()
      .min(0)
      .max(65_535)
      .default(defaultPort)
      .describe('HTTP port for health and metrics; 0: one that is free, named in the log'),
    AIRTUNE_LOG_LEVEL: z
      .enum(LOG_LEVELS)
      .default('log')
      .describe(`the least that is logged: ${LOG_LEVELS.join(', ')}`),
  };
}

/** The address of the record; services do not start one of their own. */
export const databaseVariable = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://')
  .refine((url) => URL.canParse(url), 'is not a URL; it looks like postgres://user:password@host:5432/database');

/** What requests over HTTP must carry. */
export const tokenVariable = z
  .string()
  .min(16, 'must have at least 16 characters')
  .max(1000)
  .optional()
  .describe(
    'what HTTP requests must carry as `Authorization: Bearer`; without it only a loopback address answers them',
  );

/** Processor cores that training may use. */
export const threadsVariable = z.coerce.number().int().min(1).max(1024).describe('processor cores to train on');

const brokersVariable = kafkaEnvironment.shape.AIRTUNE_KAFKA_BROKERS.unwrap();

/** Which broker a service hears its topics at, and how to get in. */
export const kafkaVariables = {
  ...kafkaEnvironment.shape,
  AIRTUNE_KAFKA_BROKERS: brokersVariable.describe('Kafka brokers, host:port, separated by commas'),
};
