import type { OnDeadLetter } from '../dead-letter.ts';
import { decodeDeadLetter } from './dead-letter-record.ts';
import { explainKafkaError } from './explain-kafka-error.ts';
import type { KafkaConnection } from './kafka-connection.ts';
import { deadLetterTopic } from './topic-names.ts';

/**
 * Hands every service's dead letters on, in one consumer group: a letter that could not be kept is read again. Resolves,
 * once it reads, to the function that ends it.
 */
export async function readDeadLetters(connection: KafkaConnection, keep: OnDeadLetter): Promise<() => Promise<void>> {
  const { kafka, settings } = connection;
  const topic = deadLetterTopic(settings);
  const consumer = kafka.consumer({ groupId: topic, retry: { retries: Number.MAX_SAFE_INTEGER, maxRetryTime: 5000 } });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        const letter = decodeDeadLetter(message);
        if (letter !== undefined) await keep(letter);
      },
    });
  } catch (error) {
    await consumer.disconnect().catch(() => undefined);
    throw explainKafkaError(error, settings, `Reading ${topic}`);
  }
  return () => consumer.disconnect();
}
