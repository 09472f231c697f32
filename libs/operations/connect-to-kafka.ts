import {
  type BlobShelf,
  KafkaConnection,
  KafkaPublisher,
  KafkaServer,
  type KafkaServerOptions,
  type Listener,
  nameOf,
  type Publisher,
  readKafkaSettings,
} from '#events';
import { MeasuredPublisher } from './metrics/measured-publisher.ts';
import { MeasuredShelf } from './metrics/measured-shelf.ts';
import { OperationsError } from './operations-error.ts';
import type { ServiceTools } from './run-service.ts';

/** A service's connection to Kafka, its voice and its ear; measured, and part of its readiness. */
export async function connectToKafka(
  listener: Listener,
  blobs: BlobShelf,
  tools: Pick<ServiceTools, 'environment' | 'clock' | 'metrics' | 'health' | 'onStop'>,
  options: KafkaServerOptions = {},
): Promise<{ readonly connection: KafkaConnection; readonly publisher: Publisher; readonly transport: KafkaServer }> {
  const { environment, clock, metrics, health, onStop } = tools;
  const settings = readKafkaSettings(environment);
  if (settings === undefined) throw new OperationsError('settings.invalid', 'AIRTUNE_KAFKA_BROKERS: must be set');
  const connection = await KafkaConnection.open({ clientId: nameOf(listener), ...settings });
  onStop(() => connection.close());
  const shelf = new MeasuredShelf(blobs, metrics);
  const voice = new KafkaPublisher({ connection, source: nameOf(listener), blobs: shelf, clock });
  const transport = new KafkaServer(connection, listener, shelf, options);
  health.require({ name: 'broker', check: () => connection.reach() });
  health.require({
    name: 'topics',
    check: () =>
      transport.isReady ? Promise.resolve() : Promise.reject(new Error('not a member of all consumer groups yet')),
  });
  metrics.gauge('airtune_consumer_lag', 'Messages that are stored for this service and not handled yet', [], () =>
    Promise.resolve([{ labels: {}, value: transport.lag }]),
  );
  return { connection, publisher: new MeasuredPublisher(voice, metrics), transport };
}
