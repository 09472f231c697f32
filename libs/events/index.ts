/**
 * Publishing and receiving contracts. A service states facts through a {@link Publisher} and hears them in the methods of
 * its inbox that are marked {@link On}; a transport is a Nest strategy handed to {@link startService}.
 */
export type { BlobShelf } from './blob-shelf.ts';
export { Clock, SystemClock } from './clock.ts';
export type { Delivery } from './delivery.ts';
export { nameOf, type Listener } from './listener.ts';
export { On } from './on.ts';
export { reasonOf } from './dead-letter.ts';
export { Publisher, type PublishOptions } from './publisher.ts';
export { isRetryable } from './retry-policy.ts';
export { OwnErrors, startService } from './start-service.ts';
export { TransportError } from './transport-error.ts';
export { InProcessBroker, type Fault } from './in-process/broker.ts';
export { InProcessPublisher } from './in-process/in-process-publisher.ts';
export { InProcessServer } from './in-process/in-process-server.ts';
export type { DeadLetter, OnDeadLetter } from './dead-letter.ts';
export { KafkaConnection } from './kafka/kafka-connection.ts';
export { KafkaPublisher } from './kafka/kafka-publisher.ts';
export { readDeadLetters } from './kafka/read-dead-letters.ts';
export { KafkaServer, type KafkaServerOptions } from './kafka/kafka-server.ts';
export { kafkaEnvironment, readKafkaSettings, type KafkaSettings } from './kafka/kafka-settings.ts';
