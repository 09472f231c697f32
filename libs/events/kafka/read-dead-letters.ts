import { Logger } from '@nestjs/common';
import type { Consumer } from 'kafkajs';
import type { OnDeadLetter } from '../dead-letter.ts';
import { decodeDeadLetter } from './dead-letter-record.ts';
import { explainKafkaError } from './explain-kafka-error.ts';
import type { KafkaConnection } from './kafka-connection.ts';
import { leaveInTime, openConsumer } from './open-consumer.ts';
import { deadLetterTopic } from './topic-names.ts';

const RESTART_AFTER_MS = 2000;

/**
 * Hands every service's dead letters on, in one consumer group: a letter that could not be kept is read again. Resolves,
 * once it reads, to the function that ends it.
 */
export async function readDeadLetters(connection: KafkaConnection, keep: OnDeadLetter): Promise<() => Promise<void>> {
  const reader = new DeadLetterReader(connection, keep);
  try {
    await reader.start();
  } catch (error) {
    await reader.stop();
    throw explainKafkaError(error, connection.settings, `Reading ${deadLetterTopic(connection.settings)}`);
  }
  return () => reader.stop();
}

class DeadLetterReader {
  private readonly connection: KafkaConnection;
  private readonly keep: OnDeadLetter;
  private readonly logger = new Logger('Kafka');
  private consumer: Consumer | undefined;
  private stopped = false;

  constructor(connection: KafkaConnection, keep: OnDeadLetter) {
    this.connection = connection;
    this.keep = keep;
  }

  async start(): Promise<void> {
    const topic = deadLetterTopic(this.connection.settings);
    const consumer = openConsumer(this.connection, topic);
    this.consumer = consumer;
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
      if (this.stopped) return;
      this.logger.warn(`${topic} is read again: ${error.message}`);
      if (!restart) this.startAgain(consumer);
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        const letter = decodeDeadLetter(message);
        if (letter !== undefined) await this.keep(letter);
      },
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.consumer !== undefined) await leaveInTime(this.consumer.disconnect());
  }

  private startAgain(given: Consumer): void {
    void given.disconnect().catch(() => undefined);
    setTimeout(() => {
      if (this.stopped) return;
      this.start().catch(() => {
        if (!this.stopped && this.consumer !== undefined) this.startAgain(this.consumer);
      });
    }, RESTART_AFTER_MS).unref();
  }
}
