import { readFileSync } from 'node:fs';
import { explainIssues } from '#contracts';
import { z } from 'zod';
import { TransportError } from '../transport-error.ts';

const flag = z.enum(['true', 'false', '1', '0']).transform((said) => said === 'true' || said === '1');
const file = z.string().min(1);

/** What the environment says of the broker; every app's settings and `--help` list these. */
export const kafkaEnvironment = z.object({
  AIRTUNE_KAFKA_BROKERS: z
    .string()
    .regex(/^[^\s,]+:\d+(,[^\s,]+:\d+)*$/, 'must be host:port, several separated by commas')
    .optional()
    .describe('Kafka brokers, host:port, separated by commas'),
  AIRTUNE_KAFKA_PREFIX: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,100}$/, 'must be letters, digits, dots, dashes and underscores, at most 100')
    .default('airtune')
    .describe('first part of the names of topics and consumer groups'),
  AIRTUNE_KAFKA_CLIENT_ID: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('how this process names itself to the broker'),
  AIRTUNE_KAFKA_PARTITIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('partitions of the topics whose work replicas share'),
  AIRTUNE_KAFKA_REPLICATION: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('copies that the brokers keep of topics created by Airtune; theirs to choose unless set'),
  AIRTUNE_KAFKA_SESSION_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(1000)
    .max(600_000)
    .default(10_000)
    .describe('ms after which a silent process counts as dead and others take over its share'),
  AIRTUNE_KAFKA_SSL: flag.default(false).describe('whether to speak TLS to the brokers: true or false'),
  AIRTUNE_KAFKA_SSL_CA: file.optional().describe('file with the certificates to trust (PEM)'),
  AIRTUNE_KAFKA_SSL_CERT: file.optional().describe('file with the client certificate (PEM)'),
  AIRTUNE_KAFKA_SSL_KEY: file.optional().describe('file with the client certificate’s key (PEM)'),
  AIRTUNE_KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('how to log in: plain, scram-sha-256 or scram-sha-512'),
  AIRTUNE_KAFKA_SASL_USERNAME: z.string().min(1).optional().describe('who logs in'),
  AIRTUNE_KAFKA_SASL_PASSWORD: z.string().min(1).optional().describe('the password'),
});

/** Which brokers, under which names, and how to get in. */
export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly prefix: string;
  readonly clientId?: string;
  /** Partitions of the topics that replicas share, where it is not what their declarations say. */
  readonly partitions?: number;
  readonly replication?: number;
  /** After this a silent process counts as dead, and the others of its group take over. */
  readonly sessionTimeoutMs: number;
  /** PEM text; `{}` trusts what Node trusts. */
  readonly ssl?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
}

/**
 * The settings that the environment names, or undefined when it names no brokers. An empty variable counts as one that
 * is not set. @throws TransportError `settings.kafka` that names the variable.
 */
export function readKafkaSettings(variables: Readonly<Record<string, string | undefined>>): KafkaSettings | undefined {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const checked = kafkaEnvironment.safeParse(set);
  if (!checked.success) throw refused(explainIssues(checked.error, kafkaEnvironment, set).join('\n'));
  const said = checked.data;
  if (said.AIRTUNE_KAFKA_BROKERS === undefined) return undefined;
  const ssl = readSsl(said);
  const sasl = readSasl(said);
  return {
    brokers: said.AIRTUNE_KAFKA_BROKERS.split(','),
    prefix: said.AIRTUNE_KAFKA_PREFIX,
    ...(said.AIRTUNE_KAFKA_CLIENT_ID === undefined ? {} : { clientId: said.AIRTUNE_KAFKA_CLIENT_ID }),
    ...(said.AIRTUNE_KAFKA_PARTITIONS === undefined ? {} : { partitions: said.AIRTUNE_KAFKA_PARTITIONS }),
    ...(said.AIRTUNE_KAFKA_REPLICATION === undefined ? {} : { replication: said.AIRTUNE_KAFKA_REPLICATION }),
    sessionTimeoutMs: said.AIRTUNE_KAFKA_SESSION_TIMEOUT_MS,
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

type Said = z.output<typeof kafkaEnvironment>;

function readSsl(said: Said): KafkaSettings['ssl'] {
  const files = { ca: 'AIRTUNE_KAFKA_SSL_CA', cert: 'AIRTUNE_KAFKA_SSL_CERT', key: 'AIRTUNE_KAFKA_SSL_KEY' } as const;
  const ssl: { ca?: string; cert?: string; key?: string } = {};
  for (const [part, variable] of Object.entries(files) as [keyof typeof files, (typeof files)['ca']][]) {
    const path = said[variable];
    if (path === undefined) continue;
    if (!said.AIRTUNE_KAFKA_SSL) throw refused(`${variable} is set, but AIRTUNE_KAFKA_SSL is not true`);
    try {
      ssl[part] = readFileSync(path, 'utf8');
    } catch (error) {
      throw refused(`${variable}: ${path} cannot be read (${(error as Error).message})`);
    }
  }
  if ((ssl.cert === undefined) !== (ssl.key === undefined))
    throw refused('AIRTUNE_KAFKA_SSL_CERT and AIRTUNE_KAFKA_SSL_KEY belong together: set both or neither');
  return said.AIRTUNE_KAFKA_SSL ? ssl : undefined;
}

function readSasl({
  AIRTUNE_KAFKA_SASL_MECHANISM: mechanism,
  AIRTUNE_KAFKA_SASL_USERNAME: username,
  AIRTUNE_KAFKA_SASL_PASSWORD: password,
}: Said): KafkaSettings['sasl'] {
  if (mechanism === undefined && username === undefined && password === undefined) return undefined;
  if (mechanism === undefined || username === undefined || password === undefined)
    throw refused('AIRTUNE_KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD belong together: set all or none');
  return { mechanism, username, password };
}

function refused(message: string): TransportError {
  return new TransportError('settings.kafka', message);
}
