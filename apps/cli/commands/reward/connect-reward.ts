import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaConnection, KafkaPublisher, KafkaServer, startService, SystemClock, type KafkaSettings } from '#events';
import { CheckModule, EventsConnection, type RewardConnection } from '#reward-models';
import { BlobStore } from '#storage';
import { Logger } from '@nestjs/common';

/** Asks a reward model over Kafka, as a site of its own for the time of the check. */
export async function connectOverKafka(
  name: string,
  settings: KafkaSettings,
  timeoutMs: number,
): Promise<RewardConnection> {
  // What the transport cannot take in is an answer that breaks the contract: worth saying, on standard error.
  Logger.overrideLogger(['error', 'fatal']);
  const kafka = await KafkaConnection.open(settings);
  try {
    // Nothing that is asked carries blobs; the transport wants to know where they would lie.
    const blobs = new BlobStore(join(tmpdir(), 'airtune-reward-check'));
    const publisher = new KafkaPublisher({
      connection: kafka,
      source: 'reward-check',
      blobs,
      clock: new SystemClock(),
    });
    const connection = new EventsConnection(name, publisher, timeoutMs);
    const transport = new KafkaServer(kafka, { service: 'trainer', site: connection.site }, blobs);
    const service = await startService(CheckModule.register(connection), transport);
    return {
      ask: (request, items) => connection.ask(request, [...items]),
      askWrongly: (request, items) => connection.askWrongly(request, items),
      close: async () => {
        await service.close();
        await kafka.close();
      },
    };
  } catch (error) {
    await kafka.close();
    throw error;
  }
}
