import { topics } from '#contracts';
import { Logger } from '@nestjs/common';
import type { Admin, Kafka } from 'kafkajs';
import type { DeadLetter } from '../dead-letter.ts';
import { type Address, type Listener, addressFor } from '../listener.ts';
import { plainSocket, secureSocket } from './broker-socket.ts';
import { ensureTopics, wantedDeadLetters, wantedTopics } from './ensure-topics.ts';
import { explainKafkaError } from './explain-kafka-error.ts';
import { kafkajs } from './kafka-library.ts';
import type { KafkaSettings } from './kafka-settings.ts';
import { type Outgoing, RecordSender } from './record-sender.ts';
import { commonTopics } from './topic-names.ts';
import { TransportError } from '../transport-error.ts';
import { untilKnown } from './until-known.ts';
import { sizeOf } from './wire-record.ts';

/** What one request may carry: as much as the smallest of the topics' limits, less its own frame. */
const REQUEST_BYTES = Math.min(...Object.values(topics).map(({ maxMessageBytes }) => maxMessageBytes)) - 1024;

/** Small messages share a request; a chunk has its own. */
const TOGETHER_BYTES = 1_100_000;

/** What a broker is asked about itself it answers at once; where nothing answers, that is told so soon. */
const QUESTION_MS = 5000;
const REQUEST_MS = 30_000;

/** Partitions of a topic that was just created have their leaders by then. */
const LED_MS = 20_000;

/** One process's connection to the broker: who publishes and who listens share it. */
export class KafkaConnection {
  readonly settings: KafkaSettings;
  readonly kafka: Kafka;
  private readonly admin: Admin;
  private readonly sender: RecordSender;

  private constructor(settings: KafkaSettings, kafka: Kafka) {
    this.settings = settings;
    this.kafka = kafka;
    this.admin = client(settings, QUESTION_MS).admin();
    this.sender = new RecordSender(kafka, TOGETHER_BYTES, (error) => isOutage(error, settings));
  }

  /**
   * Connects, and creates or verifies the topics that all services share.
   * @throws TransportError `kafka.unreachable`, `kafka.authentication-refused`, `kafka.topic-mismatch` and their like.
   */
  static async open(settings: KafkaSettings): Promise<KafkaConnection> {
    const connection = new KafkaConnection(settings, client(settings, REQUEST_MS));
    try {
      await connection.admin.connect();
      await connection.ensure(commonTopics(), true);
      await connection.sender.connect();
    } catch (error) {
      await connection.close();
      throw explainKafkaError(error, settings, 'Connecting to Kafka');
    }
    return connection;
  }

  /** Creates or verifies the topics that have this listener as their owner. */
  async ensureTopicsOf(listener: Listener): Promise<void> {
    const owned = Object.values(topics).flatMap(({ name, ownedBy }) => {
      const address = ownedBy === undefined ? undefined : addressFor(listener, name);
      return address === undefined ? [] : [address];
    });
    if (owned.length > 0) await this.ensure(owned, false);
  }

  /** Rejects when no broker answers. */
  async reach(): Promise<void> {
    try {
      await this.admin.describeCluster();
    } catch (error) {
      throw explainKafkaError(error, this.settings, 'Asking for the brokers');
    }
  }

  /** Where each partition of a topic ends: the offset after its last message. */
  async endOffsets(topic: string): Promise<ReadonlyMap<number, number>> {
    const offsets = await untilKnown(() => this.admin.fetchTopicOffsets(topic), LED_MS).catch((error: unknown) => {
      throw explainKafkaError(error, this.settings, `Asking where ${topic} ends`);
    });
    return new Map(
      offsets.map(({ partition, high, low }) => [partition, Number(high) > Number(low) ? Number(high) : 0]),
    );
  }

  /**
   * Resolves when the broker has stored the records: where they fit into one request all of them, or none.
   * @throws TransportError `kafka.message-too-large` before it is sent, or what the broker says.
   */
  async send(topic: string, ...records: readonly Outgoing[]): Promise<void> {
    const sizes = records.map((record) => sizeOf(record));
    const largest = Math.max(...sizes);
    if (largest > REQUEST_BYTES) {
      const what = records[sizes.indexOf(largest)]?.headers['ce_type'] ?? 'A message';
      throw new TransportError(
        'kafka.message-too-large',
        `${what} has ${String(largest)} bytes, the limit of ${topic} is ${String(REQUEST_BYTES)}. An experiment of fewer clients or tensors says less.`,
      );
    }
    const together = sizes.reduce((sum, bytes) => sum + bytes, 0) <= TOGETHER_BYTES;
    try {
      if (together) await this.sender.send(topic, records);
      else for (const record of records) await this.sender.send(topic, [record]);
    } catch (error) {
      throw explainKafkaError(error, this.settings, `Publishing to ${topic}`);
    }
  }

  /** Sends a dead letter to where it came from, once more. */
  async resend({ topic, key, headers, value }: DeadLetter): Promise<void> {
    await this.send(topic, { key: Buffer.from(key), value: Buffer.from(value), headers });
  }

  async close(): Promise<void> {
    await this.sender.close().catch(() => undefined);
    await this.admin.disconnect().catch(() => undefined);
  }

  private async ensure(addresses: readonly Address[], deadLetters: boolean): Promise<void> {
    const wanted = wantedTopics(this.settings, addresses);
    if (deadLetters) wanted.push(wantedDeadLetters(this.settings));
    try {
      await ensureTopics(this.admin, this.settings, wanted);
    } catch (error) {
      throw explainKafkaError(error, this.settings, 'Creating or verifying topics');
    }
  }
}

/** The library keeps notes in the login that it is given, hence a copy. What it warns of it also mends: a debug log's matter. */
function client({ brokers, clientId, ssl, sasl }: KafkaSettings, requestTimeout: number): Kafka {
  const logger = new Logger('Kafka');
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId: clientId ?? 'airtune',
    ...(ssl === undefined
      ? {}
      : {
          ssl: {
            ...(ssl.ca === undefined ? {} : { ca: [ssl.ca] }),
            ...(ssl.cert === undefined ? {} : { cert: ssl.cert }),
            ...(ssl.key === undefined ? {} : { key: ssl.key }),
          },
        }),
    ...(sasl === undefined ? {} : { sasl: { ...sasl } as { mechanism: 'plain'; username: string; password: string } }),
    socketFactory: ssl === undefined ? plainSocket : secureSocket,
    connectionTimeout: 3000,
    requestTimeout,
    retry: { initialRetryTime: 100, maxRetryTime: 3000, retries: 6 },
    logLevel: kafkajs.logLevel.WARN,
    logCreator:
      () =>
      ({ log: { message, ...said } }) => {
        logger.debug({ message, ...said });
      },
  });
}

/** Waiting helps against these; a topic that is missing would hold up what goes to the others. */
function isOutage(error: unknown, settings: KafkaSettings): boolean {
  const { code, retryable } = explainKafkaError(error, settings, '');
  return retryable && code !== 'kafka.topic-missing';
}
